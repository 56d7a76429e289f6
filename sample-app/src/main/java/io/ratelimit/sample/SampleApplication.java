package io.ratelimit.sample;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;

/**
 * Starts the sample. The limits themselves stand in {@code application.yml}; read that first, then {@link ExportController},
 * {@link SalesRepository} and {@link WeatherClient}, one kind of limit each, and {@link LiveController} for work that outlasts its method.
 * {@link SampleRedis} only saves you installing a Redis.
 */
@SpringBootApplication
public class SampleApplication {

    public static void main(String[] args) {
        SpringApplication.run(SampleApplication.class, args);
    }
}
