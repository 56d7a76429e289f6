package io.ratelimit.operations;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The page as it is delivered, beside an endpoint that answers as it is told to.
 */
final class CannedActuator implements AutoCloseable {

    private static final String PAGE =
            "ratelimit-spring-boot-autoconfigure/src/main/resources/io/ratelimit/actuate/dashboard.html";

    private final Map<String, Answer> answers = new ConcurrentHashMap<>();

    private final HttpServer server;

    private CannedActuator(int port) throws IOException {
        this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        this.server.createContext("/", this::answer);
        this.answers.put(
                "/ops/limitsdashboard",
                new Answer(
                        200,
                        "text/html;charset=UTF-8",
                        Files.readString(Program.ofTheProject(PAGE).toPath())));
        this.server.start();
    }

    /** Starts on a port, 0 for any. */
    static CannedActuator on(int port) throws IOException {
        return new CannedActuator(port);
    }

    int port() {
        return this.server.getAddress().getPort();
    }

    String page() {
        return "http://127.0.0.1:%d/ops/limitsdashboard".formatted(port());
    }

    /** Answers with JSON from now on; quotes are written as apostrophes. */
    void answerJson(String path, String json) {
        answer(path, 200, "application/vnd.spring-boot.actuator.v3+json", json.replace('\'', '"'));
    }

    void answer(String path, int status, String type, String body) {
        this.answers.put(path, new Answer(status, type, body));
    }

    private void answer(HttpExchange exchange) throws IOException {
        Answer answer = this.answers.getOrDefault(
                exchange.getRequestURI().toString(), new Answer(404, "text/plain", "nothing"));
        byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", answer.type());
        exchange.sendResponseHeaders(answer.status(), body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @Override
    public void close() {
        this.server.stop(0);
    }

    private record Answer(int status, String type, String body) {}
}
