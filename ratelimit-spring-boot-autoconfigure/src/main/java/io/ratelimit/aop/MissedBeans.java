package io.ratelimit.aop;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.beans.factory.config.SingletonBeanRegistry;

/**
 * Finds beans whose annotations have no effect because the container never offered them for limiting. A warning and no error:
 * mocks that tests register are among them. Thread-safe.
 */
final class MissedBeans {

    private static final Log logger = LogFactory.getLog(MissedBeans.class);

    private final LimitAnnotations annotations;

    private final Set<String> limitedNames = ConcurrentHashMap.newKeySet();

    MissedBeans(LimitAnnotations annotations) {
        this.annotations = annotations;
    }

    void limited(String beanName) {
        this.limitedNames.add(beanName);
    }

    /** Warns of singletons with annotations that have not been limited by now. */
    void warn(SingletonBeanRegistry singletons) {
        for (String name : singletons.getSingletonNames()) {
            Object bean = singletons.getSingleton(name);
            if (bean != null && !this.limitedNames.contains(name) && hasAnnotations(bean)) {
                logger.warn(("The limits of bean '%s' (%s) do not apply: it was created before limits could be applied,"
                                + " because a BeanPostProcessor needs it, or it was registered by hand.")
                        .formatted(name, bean.getClass().getName()));
            }
        }
        this.limitedNames.clear();
    }

    private boolean hasAnnotations(Object bean) {
        return !(bean instanceof AopInfrastructureBean)
                && this.annotations.areDeclaredIn(BeanType.of(bean, null).hierarchy());
    }
}
