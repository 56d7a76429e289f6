package io.ratelimit.autoconfigure;

import io.ratelimit.RateAlgorithm;
import io.ratelimit.autoconfigure.RateLimitProperties.Concurrency;
import io.ratelimit.autoconfigure.RateLimitProperties.Rate;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.core.convert.converter.GenericConverter;

/**
 * Reads {@code rate: 100/1m} and {@code concurrency: 10}. Never fails: what the text means is found out where the name of the
 * property is known.
 */
final class LimitShorthandConverter implements GenericConverter {

    @Override
    public Set<ConvertiblePair> getConvertibleTypes() {
        return Set.of(
                new ConvertiblePair(String.class, Rate.class),
                new ConvertiblePair(Number.class, Rate.class),
                new ConvertiblePair(String.class, Concurrency.class),
                new ConvertiblePair(Number.class, Concurrency.class));
    }

    @Override
    public @Nullable Object convert(@Nullable Object source, TypeDescriptor sourceType, TypeDescriptor targetType) {
        String text = String.valueOf(source).trim();
        return targetType.getType() == Rate.class
                ? new Rate(text, null, RateAlgorithm.SLIDING_WINDOW, null)
                : new Concurrency(text, null, null);
    }
}
