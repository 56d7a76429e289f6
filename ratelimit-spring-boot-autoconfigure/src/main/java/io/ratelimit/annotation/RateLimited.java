package io.ratelimit.annotation;

import io.ratelimit.LimitPolicy;
import io.ratelimit.RateAlgorithm;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;

/**
 * Limits how often a method is called, across all instances of the application: by the rate limits of a resource.
 *
 * <pre>{@code
 * @RateLimited("openai")                                  // the rate limits that application.yml gives the resource
 * @RateLimited(limit = 100, window = "1m", key = "ip")    // inline: the resource is named Class.method
 * }</pre>
 *
 * <p>Where the policy is {@link LimitPolicy#BLOCK}, a call that finds no permit waits for its turn, first come, first served across
 * all instances, on the thread that calls, and is refused once its wait has run out.
 *
 * <p>A call that is refused ends in a {@link io.ratelimit.RateLimitExceededException}, unless {@link #policy()} or
 * {@link #fallbackMethod()} say otherwise.
 *
 * <p>On a type, the limit is shared by all methods of every bean whose class is, extends or implements that type. On an
 * interface, it holds for the beans behind it. An override without this annotation inherits it; one with it replaces it.
 * The annotation works on calls from outside: a method that a bean calls on itself is not limited. The method must be one
 * that a proxy can intercept, or the application does not start.
 *
 * <p>Together with {@link ConcurrencyLimited @ConcurrencyLimited} of the same resource and key it is one acquisition: all or
 * nothing. Different resources are acquired in the order declared, the type's before the method's, and undone in reverse if
 * one of them refuses. Repeated annotations stand where the first of them does.
 *
 * @since 0.1.0
 */
@Documented
@Target({ElementType.METHOD, ElementType.TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Repeatable(RateLimited.Container.class)
public @interface RateLimited {

    /** The value of {@link #limit()} where none is given. */
    long UNSET = Long.MIN_VALUE;

    /**
     * Alias for {@link #name()}.
     *
     * @return the name of the resource
     */
    @AliasFor("name")
    String value() default "";

    /**
     * The resource. Empty (the default): {@code SimpleClassName.method}, or {@code SimpleClassName} on a type, of the class that
     * carries the annotation; that needs an inline {@link #limit()}. Two methods that come to one generated name stop the
     * application from starting.
     *
     * @return the name of the resource
     */
    @AliasFor("value")
    String name() default "";

    /**
     * SpEL expression that says whose share it is: {@code "user"}, {@code "ip"}, {@code "#order.customerId"},
     * {@code "header('X-Api-Key')"}, {@code "{user, #tenant}"}. Empty (the default): the resource's own key, else one share for
     * all.
     *
     * <p>Parameters are {@code #name}, {@code #p0} and {@code #a0}, beans are {@code @bean}; the root has the properties
     * {@code ip}, {@code user}, {@code method}, {@code args} and {@code target} and the methods {@code header(name)} and
     * {@code param(name)}. An {@code Optional} stands for its value, a principal for its name; a collection or an array is one key
     * of all its elements. A value that is null, empty, blank or without a text of its own is an
     * {@link IllegalStateException}, never a shared bucket.
     *
     * @return the expression
     */
    String key() default "";

    /**
     * How much may be taken per {@link #window()}, from 1 to 10,000,000. Unset by default. What application.yml says of the rate
     * limits of the resource wins.
     *
     * @return the inline limit
     */
    long limit() default UNSET;

    /**
     * As {@link #limit()}, as a text that takes placeholders: {@code "${exports.per-minute}"}. Empty by default; give one of the
     * two.
     *
     * @return the inline limit as a text
     */
    String limitString() default "";

    /**
     * The length of the window of the inline limit, from 1 ms to 30 days: {@code "500ms"}, {@code "1m"}, {@code "PT1M"}, or
     * placeholders. Empty by default; needed with an inline limit.
     *
     * @return the window
     */
    String window() default "";

    /**
     * How the inline limit counts. {@link RateAlgorithm#SLIDING_WINDOW} by default. A bucket has its default burst: a token bucket the
     * limit, a leaky bucket 1; another one is for application.yml to say.
     *
     * @return the algorithm
     */
    RateAlgorithm algorithm() default RateAlgorithm.SLIDING_WINDOW;

    /**
     * How much a call takes: a whole number or a SpEL expression, as for {@link #key()}, such as {@code "100"}, {@code "#prompt.length() / 4 + 1"}. Empty (the default): 1.
     *
     * <p>The value must be a whole number of 0 or more; 0 of all limits leaves them out. Any other value is an {@link IllegalStateException}.
     * An amount above the capacity of a limit can never be granted: an {@link IllegalArgumentException} at once, and where the number is
     * written here, the application does not start.
     *
     * @return the amount
     */
    String amount() default "";

    /**
     * The one rate limit that {@link #amount()} counts for; the others take 1. Empty (the default): all rate limits of the resource.
     * Annotations that acquire together each bring their amount.
     *
     * @return the name of the limit
     */
    String amountOf() default "";

    /**
     * What happens to a call that finds no permit. By default as the resource says, which is to reject it unless it says
     * something else. {@link LimitPolicy#BLOCK} needs a {@link #maxWait()}, here or of the resource, or the application does not
     * start.
     *
     * @return the policy
     */
    LimitPolicy policy() default LimitPolicy.INHERIT;

    /**
     * How long a call waits for its turn at most, up to 365 days: {@code "500ms"}, {@code "5s"}, {@code "PT5S"}, or placeholders;
     * {@code "0s"}: it does not wait. Empty (the default): as the policy and the max-wait of the resource say. With one, calls
     * wait even if the resource's policy is to reject them; beside a policy that never waits it stops the application from
     * starting.
     *
     * @return the longest wait
     */
    String maxWait() default "";

    /**
     * The place among those that wait, from -100 to 100, higher first; 0 by default. One level is worth one second of waiting, so
     * nobody starves.
     *
     * @return the priority
     */
    int priority() default 0;

    /**
     * SpEL expression, as for {@link #key()}; if it is false, this annotation does not limit the call. Empty (the default): it
     * always does.
     *
     * @return the expression
     */
    String condition() default "";

    /**
     * A method of the same class that answers in place of a refused call: with the same parameters, optionally followed by a
     * {@link io.ratelimit.LimitExceededException}, and a return type that fits. It may be private. What it throws reaches the
     * caller. It is not called for exceptions that the limited method itself throws, and is not limited itself. Empty (the
     * default): the refusal is thrown.
     *
     * @return the name of the method
     */
    String fallbackMethod() default "";

    /** Holds repeated {@link RateLimited} annotations. */
    @Documented
    @Target({ElementType.METHOD, ElementType.TYPE})
    @Retention(RetentionPolicy.RUNTIME)
    @interface Container {

        /**
         * The annotations.
         *
         * @return the annotations, in the order declared
         */
        RateLimited[] value();
    }
}
