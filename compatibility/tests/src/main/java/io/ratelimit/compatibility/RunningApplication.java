package io.ratelimit.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import io.ratelimit.testkit.RedisServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.RuntimeBeanReference;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.json.JsonParserFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.ClassUtils;

/**
 * The application while it runs.
 *
 * @param context its context
 */
record RunningApplication(ConfigurableApplicationContext context) implements AutoCloseable {

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    static {
        // far more than any wait takes, so that a busy machine fails no test
        Awaitility.setDefaultTimeout(Duration.ofMinutes(3));
    }

    static RunningApplication start(WebApplicationType type, RedisServer redis, String... properties) {
        SpringApplicationBuilder builder = new SpringApplicationBuilder(Application.class)
                .web(type)
                .properties("spring.data.redis.host=" + redis.host(), "spring.data.redis.port=" + redis.port());
        builder.initializers((context) -> useThreadsOfItsOwn((GenericApplicationContext) context));
        if (type == WebApplicationType.REACTIVE) {
            builder.initializers((context) -> useNetty((GenericApplicationContext) context));
        }
        // as arguments: they outrank application.yml
        return new RunningApplication(builder.run(
                Stream.of(properties).map((property) -> "--" + property).toArray(String[]::new)));
    }

    /** The classpath has the servers of both stacks, as that of few applications has, and this JVM several applications. */
    private static void useNetty(GenericApplicationContext context) {
        Class<?> server = Stream.of(
                        "org.springframework.boot.web.embedded.netty.NettyReactiveWebServerFactory",
                        "org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory")
                .filter((name) -> ClassUtils.isPresent(name, null))
                .map((name) -> ClassUtils.resolveClassName(name, null))
                .findFirst()
                .orElseThrow();
        context.registerBean(
                server,
                (definition) -> definition
                        .getPropertyValues()
                        .add("resourceFactory", new RuntimeBeanReference(ReactorResourceFactory.class)));
    }

    /** An application that closes would take the threads of Reactor, which all of a JVM share, with it. */
    private static void useThreadsOfItsOwn(GenericApplicationContext context) {
        context.registerBean(ReactorResourceFactory.class, () -> {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            return resources;
        });
    }

    <T> T bean(Class<T> type) {
        return this.context.getBean(type);
    }

    HttpResponse<String> get(String path, String... headers) {
        return send("GET", path, "", headers).join();
    }

    CompletableFuture<HttpResponse<String>> send(String method, String path, String body, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri(path)).method(method, HttpRequest.BodyPublishers.ofString(body));
        if (!body.isEmpty()) {
            request.header("Content-Type", "application/json");
        }
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HTTP.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Asks for a stream, whose client goes when it is closed. */
    HttpResponse<InputStream> open(String path) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofInputStream());
    }

    Map<String, Object> json(String path) {
        HttpResponse<String> response = get(path);
        assertThat(response.statusCode()).as(path).isEqualTo(200);
        return parse(response);
    }

    static Map<String, Object> parse(HttpResponse<String> response) {
        return JsonParserFactory.getJsonParser().parseMap(response.body());
    }

    PartitionSnapshot snapshot(String resource, @Nullable String key) {
        return bean(LimitOperations.class).inspect(resource, key).join();
    }

    void awaitHolders(String resource, int count) {
        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(snapshot(resource, null).holderCount()).isEqualTo(count));
    }

    void awaitQueue(String resource, int size) {
        Awaitility.await()
                .untilAsserted(
                        () -> assertThat(snapshot(resource, null).queued()).isEqualTo(size));
    }

    @Override
    public void close() {
        this.context.close();
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:%s%s"
                .formatted(this.context.getEnvironment().getRequiredProperty("local.server.port"), path));
    }
}
