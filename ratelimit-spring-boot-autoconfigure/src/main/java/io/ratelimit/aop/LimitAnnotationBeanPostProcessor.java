package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import io.ratelimit.Limiter;
import io.ratelimit.ResourceRegistry;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.framework.autoproxy.AbstractBeanFactoryAwareAdvisingPostProcessor;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.AutowireCapableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.SmartClassLoader;
import org.springframework.core.task.TaskDecorator;
import org.springframework.util.function.SingletonSupplier;

/**
 * Limits the methods of beans that carry {@code @RateLimited} or {@code @ConcurrencyLimited}, themselves, on their class or on
 * what these override, extend or implement. Beans that are proxies already are advised within their proxy. Thread-safe.
 *
 * <p>Everything that can be wrong with an annotation is found when its bean is created, and a resource that is not known when
 * all beans are there; both are {@link LimitConfigurationException}s. Beans that were created too early to be limited, and those
 * registered by hand, are named in a warning.
 *
 * <p>Runs after Spring's auto-proxying, whose advisors it joins by their order, and before the processors that keep the bean to
 * call it themselves, such as those of {@code @Scheduled} methods and message listeners.
 *
 * @serial exclude
 *
 * @since 0.1.0
 */
@SuppressWarnings(
        "InvalidBlockTag") // javadoc wants the tag: a ProxyConfig is serializable, this one is never serialized
public class LimitAnnotationBeanPostProcessor extends AbstractBeanFactoryAwareAdvisingPostProcessor
        implements SmartInitializingSingleton {

    /**
     * The order of the limits among the advice of a bean where none is given. Advice without an order of its own has
     * {@link Ordered#LOWEST_PRECEDENCE}, as {@code @Transactional}, {@code @Cacheable} and most aspects have: the limits are
     * outside of it, so a call that is refused or waits has no transaction open. Method security is outside of the limits, so
     * a call that is not allowed takes nothing. {@code @Async} is outside of the limits too: a slot lasts as long as the work in
     * the other thread. With {@link Ordered#LOWEST_PRECEDENCE} itself the limits are inside of all advice that a proxy has when
     * it is made.
     */
    public static final int DEFAULT_ORDER = Ordered.LOWEST_PRECEDENCE - 100;

    private final Supplier<ResourceRegistry> resources;

    private final LimitedCalls calls;

    private final int adviceOrder;

    private final LimitAnnotations annotations = new LimitAnnotations();

    private final ResourceReferences references;

    private final Map<BeanType, LimitedType> limitedTypes = new ConcurrentHashMap<>();

    private final Map<String, Class<?>> createdClasses = new ConcurrentHashMap<>();

    private final Map<String, Object> earlyReferences = new ConcurrentHashMap<>();

    private final MissedBeans missedBeans = new MissedBeans(this.annotations);

    private @Nullable ConfigurableListableBeanFactory beans;

    private @Nullable Supplier<LimitedTypeReader> reader;

    /**
     * Makes a post-processor. Classes are proxied as classes unless {@link #setProxyTargetClass} says otherwise; final classes
     * always by their interfaces.
     *
     * <p>As this is created before all other beans, it must not pull them in: pass the suppliers of providers, such as
     * {@code provider::getObject}, and let the bean method be static.
     *
     * @param limiter asked at the first limited call, once
     * @param resources asked when the first bean with an annotation is created, once
     * @param sources asked at the first limited call, once; the first that knows the surroundings of a call wins
     * @param context asked when a call waits that does so without a thread: carries the context of its thread, such as of logging or
     *     security, to the one on which its method will run
     * @param adviceOrder where the limits stand among the advice of a bean that has an order, lower is outside; see
     *     {@link #DEFAULT_ORDER}
     */
    public LimitAnnotationBeanPostProcessor(
            Supplier<Limiter> limiter,
            Supplier<ResourceRegistry> resources,
            Supplier<List<CallContextSource>> sources,
            Supplier<TaskDecorator> context,
            int adviceOrder) {
        this.resources = SingletonSupplier.of(resources)::obtain;
        this.calls = new LimitedCalls(
                SingletonSupplier.of(limiter)::obtain,
                this.resources,
                SingletonSupplier.of(sources)::obtain,
                SingletonSupplier.of(context)::obtain);
        this.adviceOrder = adviceOrder;
        this.references = new ResourceReferences(this.resources);
        setProxyTargetClass(true);
        setOrder(Ordered.LOWEST_PRECEDENCE - 100);
    }

    @Override
    public void setBeanFactory(BeanFactory beanFactory) {
        super.setBeanFactory(beanFactory);
        ConfigurableListableBeanFactory factory = (ConfigurableListableBeanFactory) beanFactory;
        this.beans = factory;
        this.reader = SingletonSupplier.of(() -> {
            AttributeReader attributes = new AttributeReader(factory::resolveEmbeddedValue);
            return new LimitedTypeReader(
                    new LimitDeclarations(this.resources.get(), attributes, this.references),
                    new LimitedMethodReader(new CallExpressionParser(factory), this.references));
        })::obtain;
    }

    @Override
    public Object postProcessBeforeInitialization(Object bean, String beanName) {
        BeanType type = BeanType.of(bean, null);
        if (type.targetClass() != null && this.annotations.areDeclaredIn(type.hierarchy())) {
            this.createdClasses.put(beanName, type.targetClass());
        }
        return bean;
    }

    @Override
    public Object getEarlyBeanReference(Object bean, String beanName) {
        this.earlyReferences.put(beanName, innermost(bean));
        return limit(bean, beanName, null);
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String beanName) {
        Class<?> created = this.createdClasses.remove(beanName);
        if (this.earlyReferences.remove(beanName) == bean) {
            return bean;
        }
        return limit(bean, beanName, created);
    }

    /**
     * Checks that every resource which an annotation names is known, and warns of beans whose annotations have no effect.
     *
     * @throws LimitConfigurationException if a resource is not known, has no limit of the annotation's kind, or lets calls wait
     *     without an end
     */
    @Override
    public void afterSingletonsInstantiated() {
        this.references.checkAll();
        this.missedBeans.warn(Objects.requireNonNull(this.beans));
    }

    @Override
    protected ProxyFactory prepareProxyFactory(Object bean, String beanName) {
        ProxyFactory factory = super.prepareProxyFactory(bean, beanName);
        Class<?> type = bean.getClass();
        boolean closed = Modifier.isFinal(type.getModifiers()) || type.isSealed();
        if (closed && !Proxy.isProxyClass(type)) {
            factory.setProxyTargetClass(false);
        }
        if (!factory.isProxyTargetClass() && factory.getProxiedInterfaces().length == 0) {
            evaluateProxyInterfaces(type, factory);
        }
        if (closed && factory.isProxyTargetClass() && !Proxy.isProxyClass(type)) {
            throw new LimitConfigurationException(
                    "The limits on the class %s of bean '%s' have no effect: it is final or sealed and has no interface, so no proxy can stand before it."
                            .formatted(type.getName(), beanName),
                    "Open the class, or let it implement an interface that declares the limited methods.");
        }
        return factory;
    }

    private Object limit(Object bean, String beanName, @Nullable Class<?> created) {
        if (bean instanceof AopInfrastructureBean
                || beanName.endsWith(AutowireCapableBeanFactory.ORIGINAL_INSTANCE_SUFFIX)) {
            return bean;
        }
        BeanType type = BeanType.of(bean, created);
        if (!this.annotations.areDeclaredIn(type.hierarchy())) {
            return bean;
        }
        this.missedBeans.limited(beanName);
        LimitedType limited = limitedType(type);
        Object proxy = isLimited(bean) ? bean : advise(bean, beanName, limited);
        new ProxyReach(limited, proxy.getClass()).check();
        return proxy;
    }

    private static boolean isLimited(Object bean) {
        return bean instanceof Advised advised && LimitAdvisor.isIn(advised);
    }

    private LimitedType limitedType(BeanType type) {
        LimitedType known = this.limitedTypes.get(type);
        if (known == null) {
            // not computeIfAbsent: reading may create beans, which come here too
            known = Objects.requireNonNull(this.reader).get().read(type);
            this.limitedTypes.put(type, known);
        }
        return known;
    }

    private Object advise(Object bean, String beanName, LimitedType limited) {
        LimitInterceptor interceptor = new LimitInterceptor(limited, this.calls);
        LimitAdvisor limits = new LimitAdvisor(limited, interceptor, this.adviceOrder);
        if (bean instanceof Advised advised && !advised.isFrozen()) {
            limits.addTo(advised);
            return bean;
        }
        ProxyFactory factory = prepareProxyFactory(bean, beanName);
        factory.addAdvisor(limits);
        return factory.getProxy(classLoaderFor(bean));
    }

    private @Nullable ClassLoader classLoaderFor(Object bean) {
        ClassLoader loader = getProxyClassLoader();
        boolean elsewhere = loader != bean.getClass().getClassLoader();
        return (elsewhere && loader instanceof SmartClassLoader smart) ? smart.getOriginalClassLoader() : loader;
    }

    private static Object innermost(Object bean) {
        Object innermost = bean;
        for (Object inner = bean; inner != null; inner = AopProxyUtils.getSingletonTarget(inner)) {
            innermost = inner;
        }
        return innermost;
    }
}
