package io.ratelimit.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;

/** Clients of a server on this machine. */
public final class HttpClients {

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private HttpClients() {}

    /** Sends a request. */
    public static CompletableFuture<HttpResponse<String>> send(
            String method, int port, String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return CLIENT.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Sends a request and returns the connection, on which the answer comes. */
    public static Socket open(int port, String path) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.getOutputStream()
                .write(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n".formatted(path))
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Is gone without a word. */
    public static void kill(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }
}
