package io.ratelimit.aop;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.SpringProxy;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.BridgeMethodResolver;
import org.springframework.core.DecoratingProxy;
import org.springframework.util.ClassUtils;

/**
 * What users wrote of a bean: its class behind any proxies, and the interfaces of a proxy that has no such class or more
 * interfaces than it, as repositories and HTTP clients have.
 *
 * @param targetClass the class, or {@code null} if there is none behind the proxy
 * @param interfaces the interfaces of the proxy; empty if the bean is none with interfaces
 */
record BeanType(@Nullable Class<?> targetClass, List<Class<?>> interfaces) {

    private static final Set<Class<?>> MARKERS = Set.of(SpringProxy.class, Advised.class, DecoratingProxy.class);

    /**
     * Returns the type of a bean.
     *
     * @param bean the bean, which may be a proxy
     * @param created the class that the container instantiated, if it is known; it counts where the bean hides it
     */
    static BeanType of(Object bean, @Nullable Class<?> created) {
        Class<?> target = ClassUtils.getUserClass(AopProxyUtils.ultimateTargetClass(bean));
        Set<Class<?>> interfaces = new LinkedHashSet<>();
        addProxied(bean.getClass(), interfaces);
        addProxied(target, interfaces);
        if (created != null && !created.isAssignableFrom(target)) {
            return new BeanType(created, List.copyOf(interfaces));
        }
        return new BeanType(Proxy.isProxyClass(target) ? null : target, List.copyOf(interfaces));
    }

    private static void addProxied(Class<?> proxyClass, Set<Class<?>> interfaces) {
        if (Proxy.isProxyClass(proxyClass)) {
            Arrays.stream(proxyClass.getInterfaces())
                    .filter((type) -> !MARKERS.contains(type))
                    .forEach(interfaces::add);
        }
    }

    /** Returns the class, its superclasses, then all interfaces; without those of the JDK. */
    Set<Class<?>> hierarchy() {
        List<Class<?>> classes = new ArrayList<>();
        for (Class<?> type = this.targetClass; type != null; type = type.getSuperclass()) {
            classes.add(type);
        }
        Set<Class<?>> all = new LinkedHashSet<>(classes);
        classes.forEach((type) -> addInterfaces(type.getInterfaces(), all));
        addInterfaces(this.interfaces.toArray(Class<?>[]::new), all);
        all.removeIf((type) -> type.getName().startsWith("java."));
        return all;
    }

    private static void addInterfaces(Class<?>[] interfaces, Set<Class<?>> all) {
        for (Class<?> type : interfaces) {
            all.add(type);
            addInterfaces(type.getInterfaces(), all);
        }
    }

    /** Returns the method that runs when the given one is called: not a bridge, and of the class where it has one. */
    Method specific(Method method) {
        return AopUtils.getMostSpecificMethod(BridgeMethodResolver.findBridgedMethod(method), this.targetClass);
    }
}
