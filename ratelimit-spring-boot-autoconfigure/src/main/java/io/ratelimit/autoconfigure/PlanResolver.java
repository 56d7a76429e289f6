package io.ratelimit.autoconfigure;

import io.ratelimit.Limit;
import io.ratelimit.LimitResolver;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.core.Ordered;
import org.springframework.expression.Expression;
import org.springframework.expression.spel.support.StandardEvaluationContext;

/**
 * Decides limits by the plans of {@code application.yml}: an expression names the plan of a key. Comes after resolvers of the application's.
 * Thread-safe.
 */
final class PlanResolver implements LimitResolver, Ordered {

    private static final Log logger = LogFactory.getLog(PlanResolver.class);

    private static final int MOST_WARNINGS = 100;

    private static final int LONGEST_SHOWN = 100;

    private static final Pattern NOT_PRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

    private final Map<String, Plans> byResource;

    private final BeanFactoryResolver beans;

    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    PlanResolver(Map<String, Plans> byResource, BeanFactory beans) {
        this.byResource = Map.copyOf(byResource);
        this.beans = new BeanFactoryResolver(beans);
    }

    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }

    @Override
    public boolean concerns(String resource) {
        return this.byResource.containsKey(resource);
    }

    @Override
    public List<Limit> resolve(String resource, String key) {
        Plans plans = this.byResource.get(resource);
        if (plans == null) {
            return List.of();
        }
        StandardEvaluationContext context = new StandardEvaluationContext();
        context.setBeanResolver(this.beans);
        context.setVariable("key", key);
        Object value = plans.plan().getValue(context);
        if (value == null) {
            return List.of();
        }
        String plan = (value instanceof Enum<?> constant) ? constant.name() : value.toString();
        List<Limit> limits = plans.byName().get(plan);
        if (limits == null) {
            warnOfUnknown(resource, plan, plans);
            return List.of();
        }
        return limits;
    }

    private void warnOfUnknown(String resource, String unknown, Plans plans) {
        // the expression may have taken it from a request
        String plan = NOT_PRINTABLE
                .matcher(unknown.substring(0, Math.min(unknown.length(), LONGEST_SHOWN)))
                .replaceAll("?");
        if (this.warned.size() < MOST_WARNINGS && this.warned.add(resource + '/' + plan)) {
            logger.warn("There is no plan '%s' for the resource '%s', so the resource's own limits hold. Its plans: %s"
                    .formatted(plan, resource, String.join(", ", plans.byName().keySet())));
        }
    }

    /**
     * The plans of a resource.
     *
     * @param plan yields the name of the plan of the variable {@code key}; {@code null}: it has none
     * @param byName the limits of each plan
     */
    record Plans(Expression plan, Map<String, List<Limit>> byName) {}
}
