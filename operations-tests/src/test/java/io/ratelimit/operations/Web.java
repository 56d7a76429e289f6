package io.ratelimit.operations;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;

/**
 * A client of something on this machine.
 */
record Web(int port) {

    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** Returns a port that was free a moment ago. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    String url(String path) {
        return "http://127.0.0.1:%d%s".formatted(this.port, path);
    }

    /** Returns what is answered with status 200. */
    String get(String path) {
        HttpResponse<String> response = send(path);
        if (response.statusCode() != 200) {
            throw new IllegalStateException(path + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    HttpResponse<String> send(String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url(path)))
                .header("X-User", Thread.currentThread().getName())
                .build();
        try {
            return CLIENT.send(request, BodyHandlers.ofString());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    boolean answers(String path) {
        try {
            return send(path).statusCode() == 200;
        } catch (UncheckedIOException ex) {
            return false;
        }
    }
}
