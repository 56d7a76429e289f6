package io.ratelimit.wholesystem;

import org.springframework.test.context.TestPropertySource;

@TestPropertySource(properties = "ratelimit.backend=memory")
class WaitingInMemoryTests extends WaitingCalls {}
