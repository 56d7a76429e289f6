package io.ratelimit.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitOperations;
import io.ratelimit.PartitionSnapshot;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What clients get from a limited application, over real HTTP: the same from every web stack. Subclasses say which stack it is, and
 * add the return types that only theirs has.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class HttpContract {

    private static final String REFUSAL =
            "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
                    + "\"title\":\"Quota Exceeded\",\"status\":429,"
                    + "\"detail\":\"The rate limit 'requests' is used up. Retry in 3601 s.\","
                    + "\"violated-policies\":[\"requests\"]}";

    private static final String BUSY = "{\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\","
            + "\"title\":\"Quota Exceeded\",\"status\":429,"
            + "\"detail\":\"The concurrency limit 'single' has too few slots free. Retry in 1 s.\","
            + "\"violated-policies\":[\"single\"]}";

    private final List<ConfigurableApplicationContext> started = new ArrayList<>();

    private ConfigurableApplicationContext context;

    private final Class<?> application;

    private final WebApplicationType type;

    protected HttpContract(Class<?> application, WebApplicationType type) {
        this.application = application;
        this.type = type;
    }

    /** Returns the paths of endpoints that hold a slot of the resource 'slots' until their work ends. */
    protected Stream<String> paths() {
        return Stream.of("/mono", "/flux", "/single", "/stage", "/entity");
    }

    /** Returns the paths of endless streams. */
    protected Stream<String> streams() {
        return Stream.of("/ticks");
    }

    /** Returns the paths of endpoints whose time runs out. */
    protected Stream<String> timeouts() {
        return Stream.of("/mono/timeout");
    }

    @BeforeAll
    void startOnce() {
        this.context = start();
    }

    @BeforeEach
    void reset() {
        work().reset();
    }

    @AfterAll
    void closeAll() {
        this.started.forEach(ConfigurableApplicationContext::close);
    }

    @Test
    void aRefusalIsA429WithAProblemDetail() {
        ConfigurableApplicationContext fresh = start();
        HttpResponse<String> granted = get(fresh, "/rate");
        assertThat(granted.statusCode()).isEqualTo(200);
        assertThat(fields(granted))
                .isEqualTo(Map.of(
                        "ratelimit-policy", "\"requests\";q=2;w=3600",
                        "ratelimit", "\"requests\";r=1;t=3600"));
        assertThat(get(fresh, "/rate/stage").body()).isEqualTo("ok");

        HttpResponse<String> refused = get(fresh, "/rate");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).isEqualTo(REFUSAL);
        assertThat(fields(refused))
                .isEqualTo(Map.of(
                        "content-type", "application/problem+json",
                        "content-length", "" + REFUSAL.length(),
                        "retry-after", "3601",
                        "ratelimit-policy", "\"requests\";q=2;w=3600",
                        "ratelimit", "\"requests\";r=0;t=3600"));
        assertSame(get(fresh, "/rate/stage"), refused);
        assertSame(get(fresh, "/rate/csv"), refused);
        for (String accept : List.of("text/html", "text/csv", "application/xml", "*/*")) {
            assertSame(get(fresh, "/rate", "Accept", accept), refused);
        }
        HttpResponse<String> head = send("HEAD", fresh, "/rate");
        assertThat(head.statusCode()).isEqualTo(429);
        assertThat(head.body()).isEmpty();
        assertThat(fields(head)).isEqualTo(fields(refused));
    }

    @Test
    void everyLimitThatARequestMetIsTold() {
        assertThat(fields(get(start(), "/both")))
                .isEqualTo(Map.of(
                        "ratelimit-policy", "\"pool\";q=10;qu=\"concurrent-requests\", \"requests\";q=2;w=3600",
                        "ratelimit", "\"pool\";r=9, \"requests\";r=1;t=3600"));
    }

    @Test
    void anErrorIsCountedOnceThoughItIsDispatchedAgain() {
        ConfigurableApplicationContext fresh = start();
        HttpResponse<String> failed = get(fresh, "/failing");
        assertThat(failed.statusCode()).isEqualTo(500);
        assertThat(failed.headers().firstValue("RateLimit")).hasValue("\"requests\";r=1;t=3600");
        assertThat(get(fresh, "/rate").headers().firstValue("RateLimit")).hasValue("\"requests\";r=0;t=3600");
    }

    @Test
    void aHeadRequestIsCountedOnce() {
        ConfigurableApplicationContext fresh = start();
        assertThat(send("HEAD", fresh, "/rate").headers().firstValue("RateLimit"))
                .hasValue("\"requests\";r=1;t=3600");
        assertThat(get(fresh, "/rate").headers().firstValue("RateLimit")).hasValue("\"requests\";r=0;t=3600");
    }

    @Test
    void aBusyResourceIsTold() {
        CompletableFuture<HttpResponse<String>> first = HttpClients.send("GET", port(this.context), "/busy");
        awaitHolders("single", 1);
        HttpResponse<String> refused = get(this.context, "/busy");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).isEqualTo(BUSY);
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("1");

        HttpResponse<String> inVain = get(this.context, "/in-vain");
        assertThat(inVain.statusCode()).isEqualTo(429);
        assertThat(inVain.body()).contains("The wait for the concurrency limit 'single' was in vain.");

        work().end().complete("done");
        assertThat(first.join().body()).isEqualTo("done");
        awaitHolders("single", 0);
    }

    @Test
    void anUnavailableBackendIsA503WithoutTheReason() {
        HttpResponse<String> response = get(this.context, "/unavailable", "Accept", "text/html");
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(response.body())
                .isEqualTo("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
                        + "\"detail\":\"The limits of this resource cannot be checked at the moment.\"}");
    }

    @Test
    void theApplicationMayReplaceTheAnswer() {
        HttpResponse<String> refused = refused("test.replacing=true");
        assertThat(refused.statusCode()).isEqualTo(418);
        assertThat(refused.headers().firstValue("X-Own")).hasValue("yes");
        assertThat(refused.headers().firstValue("Retry-After")).hasValue("3601");
        assertThat(refused.headers().firstValue("RateLimit")).hasValue("\"requests\";r=0;t=3600");
        assertThat(refused.body())
                .contains("\"help\":\"https://example.org/requests\"")
                .contains("\"violated-policies\":[\"requests\"]");
    }

    @Test
    void anAnswerOfTheApplicationThatFailsIsReplacedByTheStandard() {
        assertThat(refused("test.broken=true").body()).isEqualTo(REFUSAL);
    }

    @Test
    void anAdviceForAllExceptionsDoesNotSwallowARefusal() {
        assertThat(refused("test.catch-all=true").body()).isEqualTo(REFUSAL);
    }

    @Test
    void anAdviceThatNamesTheRefusalAnswersIt() {
        HttpResponse<String> refused = refused("test.naming=true");
        assertThat(refused.body()).isEqualTo("own: requests");
        assertThat(refused.statusCode()).isEqualTo(509);
    }

    @Test
    void whatIsOnlyObservedIsNeverRefused() {
        List<CompletableFuture<HttpResponse<String>>> responses = Stream.of("/observed", "/observed", "/observed/stage")
                .map((path) -> HttpClients.send("GET", port(this.context), path))
                .toList();
        Awaitility.await()
                .until(() -> this.context.getBean(SharedEndpoints.class).observed() == 3);
        work().end().complete("done");
        assertThat(responses)
                .allSatisfy((response) -> assertThat(response.join().body()).isEqualTo("done"));
    }

    @Test
    void otherStylesOfFieldsAreSpoken() {
        assertThat(fields(get(start("ratelimit.web.headers=legacy"), "/rate")))
                .isEqualTo(Map.of("x-ratelimit-limit", "2", "x-ratelimit-remaining", "1", "x-ratelimit-reset", "3600"));
        assertThat(fields(get(start("ratelimit.web.headers=none"), "/rate"))).isEmpty();
    }

    @Test
    void anEndpointWithoutLimitsTellsNothing() {
        assertThat(fields(get(this.context, "/unlimited"))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"header", "param", "user"})
    void keysAreReadFromTheRequest(String kind) {
        String mine = UUID.randomUUID().toString();
        assertThat(keyed(kind, mine).statusCode()).isEqualTo(200);
        assertThat(keyed(kind, mine).statusCode()).isEqualTo(429);
        assertThat(keyed(kind, UUID.randomUUID().toString()).statusCode()).isEqualTo(200);
    }

    @Test
    void aKeyThatIsMissingIsAnError() {
        assertThat(get(this.context, "/keyed/header").statusCode()).isEqualTo(500);
    }

    @ParameterizedTest
    @ValueSource(strings = {"native", "framework"})
    void theClientIsTheOneThatATrustedProxyNames(String strategy) {
        ConfigurableApplicationContext fresh = start("server.forward-headers-strategy=" + strategy);
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "2001:db8:1:2::1").statusCode())
                .isEqualTo(200);
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "2001:db8:1:2:9:9:9:9")
                        .statusCode())
                .as("another address of the same network")
                .isEqualTo(429);
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "2001:db8:1:3::1").statusCode())
                .isEqualTo(200);
    }

    @Test
    void theClientIsNotWhoItSaysItIs() {
        ConfigurableApplicationContext fresh = start();
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "192.0.2.1").statusCode())
                .isEqualTo(200);
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "192.0.2.2").statusCode())
                .isEqualTo(429);
    }

    @Test
    void ipv6AddressesCanBeToldApart() {
        ConfigurableApplicationContext fresh =
                start("server.forward-headers-strategy=native", "ratelimit.web.ipv6-prefix-length=128");
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "2001:db8:1:2::1").statusCode())
                .isEqualTo(200);
        assertThat(get(fresh, "/keyed/ip", "X-Forwarded-For", "2001:db8:1:2::2").statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aSlotLastsUntilTheWorkIsDone(String path) {
        CompletableFuture<HttpResponse<String>> response = HttpClients.send("GET", port(this.context), path);
        awaitHolders("slots", 1);
        assertThat(response).isNotDone();
        work().end().complete("done");
        assertThat(response.join().body()).contains("done");
        awaitHolders("slots", 0);
    }

    @ParameterizedTest
    @MethodSource("paths")
    void aSlotIsFreeWhenTheWorkFails(String path) {
        CompletableFuture<HttpResponse<String>> response = HttpClients.send("GET", port(this.context), path);
        awaitHolders("slots", 1);
        work().end().completeExceptionally(new IllegalStateException("broken"));
        awaitHolders("slots", 0);
        assertThat(response.handle((answer, failure) -> (answer != null) ? answer.statusCode() : 0)
                        .join())
                .as("500, or 200 and broken off")
                .isIn(500, 200, 0);
    }

    @ParameterizedTest
    @MethodSource("timeouts")
    void aSlotIsFreeWhenTheTimeRunsOut(String path) {
        assertThat(get(this.context, path).statusCode()).isIn(500, 503);
        awaitHolders("slots", 0);
    }

    @ParameterizedTest
    @MethodSource("streams")
    void aHundredClientsThatAreKilledLeaveNoSlotBehind(String path) throws Exception {
        ConfigurableApplicationContext server = start();
        List<Socket> clients = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            clients.add(HttpClients.open(port(server), path));
        }
        Awaitility.await().until(() -> holders(server) == 100);
        assertThat(get(server, path).statusCode()).isEqualTo(429);
        for (Socket client : clients.subList(0, 50)) {
            assertThat(client.getInputStream().read())
                    .as("the stream has begun")
                    .isPositive();
        }
        for (Socket client : clients) {
            HttpClients.kill(client);
        }
        Awaitility.await().until(() -> gone(server) == 100);
        long goneNanos = System.nanoTime();
        Awaitility.await().pollInterval(Duration.ofMillis(10)).until(() -> holders(server) == 0);
        System.out.printf(
                "A hundred clients of %s are killed: all slots are free %d ms after the server knows that%n",
                path, (System.nanoTime() - goneNanos) / 1_000_000);
    }

    private static long holders(ConfigurableApplicationContext server) {
        return server.getBean(LimitOperations.class)
                .inspect("slots", null)
                .join()
                .holderCount();
    }

    /** Returns how many streams a server knows to be gone. */
    protected int gone(ConfigurableApplicationContext server) {
        return server.getBean(SharedEndpoints.class).gone();
    }

    protected final ConfigurableApplicationContext context() {
        return this.context;
    }

    protected final HttpResponse<String> get(ConfigurableApplicationContext server, String path, String... headers) {
        return send("GET", server, path, headers);
    }

    protected final ConfigurableApplicationContext start(String... properties) {
        ConfigurableApplicationContext server = new SpringApplicationBuilder(this.application)
                .web(this.type)
                .properties(
                        "server.port=0",
                        "ratelimit.backend=memory",
                        "ratelimit.resources.requests.rates.requests=2/1h",
                        "ratelimit.resources.pool.concurrency=10",
                        "ratelimit.resources.single.concurrency=1",
                        "ratelimit.resources.keyed.rate=1/1h",
                        "ratelimit.resources.slots.concurrency=100",
                        "ratelimit.resources.observed.concurrency=1",
                        "ratelimit.resources.observed.policy=observe")
                .properties(properties)
                .run();
        this.started.add(server);
        return server;
    }

    protected final void awaitHolders(String resource, int count) {
        Awaitility.await().untilAsserted(() -> assertThat(holders(resource)).isEqualTo(count));
    }

    protected final void awaitQueue(String resource, int size) {
        Awaitility.await()
                .untilAsserted(() -> assertThat(snapshot(resource).queued()).isEqualTo(size));
    }

    protected final Work work() {
        return this.context.getBean(Work.class);
    }

    private long holders(String resource) {
        return snapshot(resource).holderCount();
    }

    private PartitionSnapshot snapshot(String resource) {
        return this.context
                .getBean(LimitOperations.class)
                .inspect(resource, null)
                .join();
    }

    private HttpResponse<String> refused(String... properties) {
        ConfigurableApplicationContext fresh = start(properties);
        get(fresh, "/rate");
        get(fresh, "/rate");
        return get(fresh, "/rate");
    }

    private HttpResponse<String> keyed(String kind, String value) {
        return switch (kind) {
            case "param" -> get(this.context, "/keyed/param?q=" + value);
            case "user" -> get(this.context, "/keyed/user", "X-User", value);
            default -> get(this.context, "/keyed/header", "X-Api-Key", value);
        };
    }

    private HttpResponse<String> send(
            String method, ConfigurableApplicationContext server, String path, String... headers) {
        try {
            return HttpClients.send(method, port(server), path, headers).get();
        } catch (InterruptedException | ExecutionException ex) {
            throw new AssertionError(ex);
        }
    }

    protected static int port(ConfigurableApplicationContext server) {
        return server.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    }

    private static void assertSame(HttpResponse<String> response, HttpResponse<String> expected) {
        assertThat(response.statusCode()).isEqualTo(expected.statusCode());
        assertThat(response.body()).isEqualTo(expected.body());
        assertThat(fields(response)).isEqualTo(fields(expected));
    }

    /** Returns the fields that tell of limits, and for a refusal those that tell of its body. */
    private static Map<String, String> fields(HttpResponse<String> response) {
        Map<String, String> fields = new TreeMap<>();
        response.headers().map().forEach((name, values) -> {
            String lower = name.toLowerCase(Locale.ROOT);
            boolean ofTheBody = response.statusCode() == 429 && lower.startsWith("content-");
            if (ofTheBody || lower.contains("ratelimit") || lower.equals("retry-after")) {
                fields.put(lower, String.join(", ", values));
            }
        });
        return fields;
    }
}
