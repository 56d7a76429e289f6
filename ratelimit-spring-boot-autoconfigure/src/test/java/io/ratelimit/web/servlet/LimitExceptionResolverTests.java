package io.ratelimit.web.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.web.RateLimitHeaders;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.mock.web.DelegatingServletOutputStream;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpServletResponse;
import org.springframework.web.servlet.HandlerExceptionResolver;
import org.springframework.web.servlet.ModelAndView;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

class LimitExceptionResolverTests {

    private final StaticListableBeanFactory noBeans = new StaticListableBeanFactory();

    private final LimitExceptionResolver resolver = new LimitExceptionResolver(
            RateLimitHeaders.IETF,
            this.noBeans.getBeanProvider(HandlerExceptionResolver.class),
            null,
            this.noBeans.getBeanProvider(RequestMappingHandlerAdapter.class));

    private final MockHttpServletRequest request = new MockHttpServletRequest();

    @Test
    void aRefusalIsAnsweredWithoutAView() {
        MockHttpServletResponse response = new MockHttpServletResponse();

        ModelAndView answer = this.resolver.resolveException(this.request, response, null, Limits.openaiRefusal());

        assertThat(answer).isNotNull().returns(true, ModelAndView::isEmpty);
        assertThat(response.getStatus()).isEqualTo(429);
    }

    @Test
    void otherExceptionsAreLeftToOthers() {
        MockHttpServletResponse response = new MockHttpServletResponse();
        Exception broken = new IllegalStateException("broken");

        assertThat(this.resolver.resolveException(this.request, response, null, broken))
                .isNull();
        assertThat(this.resolver.lastResort().resolveException(this.request, response, null, broken))
                .isNull();
        assertThat(response.getStatus()).isEqualTo(200);
    }

    @Test
    void aResponseThatIsOnItsWayIsLeftAlone() {
        MockHttpServletResponse response = new MockHttpServletResponse();
        response.setCommitted(true);

        assertThat(this.resolver.resolveException(this.request, response, null, Limits.openaiRefusal()))
                .isNull();
        assertThat(this.resolver.lastResort().resolveException(this.request, response, null, Limits.openaiRefusal()))
                .isNull();
        assertThat(response.getStatus()).isEqualTo(200);
    }

    @Test
    void aClientThatHasGoneIsNoError() {
        MockHttpServletResponse gone = new MockHttpServletResponse() {
            @Override
            public ServletOutputStream getOutputStream() {
                return new DelegatingServletOutputStream(OutputStream.nullOutputStream()) {
                    @Override
                    public void write(byte[] bytes) throws IOException {
                        throw new IOException("Broken pipe");
                    }
                };
            }
        };

        assertThat(this.resolver.resolveException(this.request, gone, null, Limits.openaiRefusal()))
                .isNotNull();
    }
}
