package io.ratelimit.autoconfigure.actuate;

import org.springframework.test.context.TestPropertySource;

/** The same on WebFlux and Netty. */
@TestPropertySource(
        properties = {
            "spring.main.web-application-type=reactive",
            // the classpath of the tests has two servers, of which Spring Boot wants one
            "spring.autoconfigure.exclude=org.springframework.boot.tomcat.autoconfigure.actuate.web.server.TomcatReactiveManagementContextAutoConfiguration,"
                    + "org.springframework.boot.tomcat.autoconfigure.reactive.TomcatReactiveWebServerAutoConfiguration"
        })
class LimitsDashboardWebFluxHttpTests extends LimitsDashboardHttpTests {}
