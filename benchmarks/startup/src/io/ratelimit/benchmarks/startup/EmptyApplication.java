package io.ratelimit.benchmarks.startup;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * An empty web application that starts, says in one line what that took, and ends: milliseconds since the JVM began, milliseconds of CPU,
 * beans, and kilobytes of heap in use after garbage collection.
 */
@SpringBootApplication
public class EmptyApplication {

    /**
     * Starts it.
     *
     * @param args properties
     */
    public static void main(String[] args) {
        ConfigurableApplicationContext context = SpringApplication.run(EmptyApplication.class, args);
        long cpuNanos = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        long upMillis = ManagementFactory.getRuntimeMXBean().getUptime();
        MemoryMXBean memory = ManagementFactory.getMemoryMXBean();
        memory.gc();
        System.out.printf(
                "started %d %d %d %d%n",
                upMillis,
                cpuNanos / 1_000_000,
                context.getBeanDefinitionCount(),
                memory.getHeapMemoryUsage().getUsed() / 1024);
        System.exit(SpringApplication.exit(context));
    }
}
