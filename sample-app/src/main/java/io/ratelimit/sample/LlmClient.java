package io.ratelimit.sample;

import io.ratelimit.LimitRequest;
import io.ratelimit.Limiter;
import io.ratelimit.Permit;
import io.ratelimit.Permits;
import io.ratelimit.annotation.RateLimited;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Shows limits on what is only known afterwards. A language model allows so many requests and so many tokens a minute: a call reserves
 * one request and the tokens it may take at most, and settles what it took when it is over. It waits rather than be refused, so the
 * provider never sees more than it allows, from however many instances.
 */
@Component
class LlmClient {

    private final HttpClient http = HttpClient.newHttpClient();

    private final Limiter limiter;

    private final URI url;

    LlmClient(Limiter limiter, FakeLlm model, @Value("${sample.llm-url:}") String url) {
        this.limiter = limiter;
        this.url = URI.create(url.isEmpty() ? model.url() : url);
    }

    @RateLimited(name = "llm", amount = "#prompt.mostTokens()", amountOf = "tokens")
    Answer ask(Prompt prompt) {
        Answer answer = chat(prompt, "anywhere");
        Permits.current().get(0).update("tokens", answer.tokens());
        return answer;
    }

    /** The same over a pool of two accounts, one for each region: whichever has room. */
    Answer askInARegion(Prompt prompt) {
        LimitRequest request = LimitRequest.of("llm-regions").amount("tokens", prompt.mostTokens());
        try (Permit permit = this.limiter.acquire(request)) {
            Answer answer = chat(prompt, permit.attributes().getOrDefault("region", "anywhere"));
            permit.update("tokens", answer.tokens());
            return answer;
        }
    }

    private Answer chat(Prompt prompt, String region) {
        HttpRequest request = HttpRequest.newBuilder(this.url)
                .POST(HttpRequest.BodyPublishers.ofString(Long.toString(prompt.mostTokens())))
                .build();
        try {
            HttpResponse<String> response = this.http.send(request, BodyHandlers.ofString());
            if (response.statusCode() != 200) {
                throw new IllegalStateException("The model answered " + response.statusCode());
            }
            return new Answer("...", region, Long.parseLong(response.body()));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(ex);
        }
    }

    /**
     * What to ask.
     *
     * @param text the text
     * @param mostTokens how many tokens text and answer may take at most
     */
    record Prompt(String text, long mostTokens) {

        /** The answer is to have 100 tokens at most. */
        static Prompt of(String text) {
            return new Prompt(text, text.length() + 100L);
        }
    }

    /**
     * What the model says.
     *
     * @param text the text
     * @param region where it was asked
     * @param tokens how many tokens it took
     */
    record Answer(String text, String region, long tokens) {}
}
