package io.ratelimit.autoconfigure;

import io.ratelimit.Limit;
import io.ratelimit.LimitConfigurationException;
import io.ratelimit.ResourceDefaults;
import io.ratelimit.ResourceDefinition;
import io.ratelimit.ResourceRegistry;
import io.ratelimit.autoconfigure.PlanResolver.Plans;
import io.ratelimit.autoconfigure.RateLimitProperties.Resource;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.PropertyOrFieldReference;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * Turns the properties of plans into the plans.
 */
final class PlanMapper {

    private static final String FIX =
            "Write an expression that names the plan of #key, such as \"@customers.planOf(#key)\".";

    private PlanMapper() {}

    /**
     * Returns the plans by resource.
     *
     * @throws LimitConfigurationException for a value that makes no sense, naming its property
     */
    static Map<String, Plans> plans(RateLimitProperties properties, ResourceRegistry resources) {
        Map<String, Plans> plans = new HashMap<>();
        properties.resources().forEach((name, resource) -> {
            String path = ResourceMapper.path(name);
            if (resource.plan() != null || !resource.plans().isEmpty()) {
                plans.put(name, plans(path, resource, resources.get(name), resources.defaults()));
            }
        });
        return plans;
    }

    private static Plans plans(
            String path, Resource resource, ResourceDefinition definition, ResourceDefaults defaults) {
        String plan = resource.plan();
        if (plan == null) {
            throw new LimitConfigurationException(
                    "The resource '%s' has plans, but nothing says who has which: '%s.plan' is not set."
                            .formatted(definition.name(), path),
                    FIX);
        }
        if (resource.plans().isEmpty()) {
            throw new LimitConfigurationException(
                    "The property '%s.plan' is set, but the resource has no plans.".formatted(path),
                    "Add plans, such as '%s.plans.pro.rate: 100/1m'.".formatted(path));
        }
        Map<String, List<Limit>> byName = new TreeMap<>();
        resource.plans().forEach((name, limits) -> {
            String place = path + ".plans" + ResourceMapper.element(name);
            List<Limit> all = ResourceMapper.limits(place, limits, defaults.lease());
            all.forEach((limit) -> checkKnown(place, limit, definition));
            byName.put(name, all);
        });
        return new Plans(expression(new Setting(path + ".plan", plan)), byName);
    }

    private static void checkKnown(String place, Limit limit, ResourceDefinition definition) {
        boolean known = definition.limits().stream()
                .anyMatch((own) -> own.kind() == limit.kind() && own.name().equals(limit.name()));
        if (!known) {
            String kind = limit.kind().name().toLowerCase(Locale.ROOT);
            throw new LimitConfigurationException(
                    "The plan '%s' has the %s limit '%s', which the resource '%s' does not have. Its limits: %s."
                            .formatted(
                                    place,
                                    kind,
                                    limit.name(),
                                    definition.name(),
                                    definition.limits().stream()
                                            .map(Limit::name)
                                            .collect(Collectors.joining(", "))),
                    "Give the resource that limit too: it holds for those without a plan.");
        }
    }

    private static Expression expression(Setting setting) {
        SpelExpression expression;
        try {
            expression = new SpelExpressionParser().parseRaw(setting.text());
        } catch (ParseException ex) {
            throw setting.wrong(
                    "It is not an expression: %s at position %d".formatted(ex.getSimpleMessage(), ex.getPosition()),
                    FIX,
                    ex);
        } catch (IllegalArgumentException | IllegalStateException ex) {
            throw setting.wrong("It is not an expression: " + ex.getMessage(), FIX, ex);
        }
        checkNames(expression.getAST(), setting);
        SpelNode first = expression.getAST();
        first = (first instanceof CompoundExpression) ? first.getChild(0) : first;
        if (first instanceof PropertyOrFieldReference reference) {
            throw setting.wrong("'%s' is not known here".formatted(reference.getName()), FIX, null);
        }
        return expression;
    }

    private static void checkNames(SpelNode node, Setting setting) {
        if (node instanceof VariableReference && !node.toStringAST().equals("#key")) {
            throw setting.wrong("%s is not known here".formatted(node.toStringAST()), FIX, null);
        }
        for (int i = 0; i < node.getChildCount(); i++) {
            checkNames(node.getChild(i), setting);
        }
    }
}
