package io.ratelimit.testkit;

import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.support.TypeBasedParameterResolver;

final class SharedRedisExtension extends TypeBasedParameterResolver<RedisServer> implements BeforeEachCallback {

    @Override
    public void beforeEach(ExtensionContext context) {
        RedisServer.shared().flush();
    }

    @Override
    public RedisServer resolveParameter(ParameterContext parameterContext, ExtensionContext extensionContext) {
        return RedisServer.shared();
    }
}
