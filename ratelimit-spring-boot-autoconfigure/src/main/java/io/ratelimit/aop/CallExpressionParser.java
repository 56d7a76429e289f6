package io.ratelimit.aop;

import io.ratelimit.LimitConfigurationException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.PropertyOrFieldReference;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.StandardEvaluationContext;

/**
 * Parses expressions at startup, and refuses those that name what no call has. Thread-safe.
 */
final class CallExpressionParser {

    private static final Set<String> ROOT_PROPERTIES = Set.of("ip", "user", "method", "args", "target");

    private static final Set<String> ROOT_VARIABLES = Set.of("#root", "#this");

    private final SpelExpressionParser parser = new SpelExpressionParser();

    private final ParameterNameDiscoverer parameterNames = new DefaultParameterNameDiscoverer();

    private final StandardEvaluationContext delegates = new StandardEvaluationContext();

    CallExpressionParser(BeanFactory beans) {
        this.delegates.setBeanResolver(new BeanFactoryResolver(beans));
        // makes the delegates, so that concurrent calls share them
        this.delegates.applyDelegatesTo(new StandardEvaluationContext());
    }

    /**
     * Parses an expression.
     *
     * @param text the expression
     * @param attribute which attribute it is, such as {@code key}
     * @param annotation where it stands; if that is a method, its parameter names count too
     * @param method the method that runs
     * @throws LimitConfigurationException if it does not parse or names something unknown
     */
    CallExpression parse(String text, String attribute, LimitAnnotation annotation, Method method) {
        String place = "%s '%s' of %s".formatted(attribute, text, annotation.where());
        if (annotation.isOnType()) {
            place += ", for " + Descriptions.of(method);
        }
        Map<String, Integer> parameters = parametersOf(method);
        if (annotation.source() instanceof Method declaring) {
            parameters.putAll(parametersOf(declaring));
        }
        SpelExpression expression = parse(text, place);
        checkRoot(expression.getAST(), place);
        checkVariables(expression.getAST(), parameters, place);
        return new CallExpression(expression, place, Map.copyOf(parameters), this.delegates);
    }

    private SpelExpression parse(String text, String place) {
        try {
            return this.parser.parseRaw(text);
        } catch (ParseException | IllegalArgumentException | IllegalStateException ex) {
            throw new LimitConfigurationException(
                    "The %s is not a valid expression: %s.".formatted(place, ex.getMessage()),
                    "Correct it; parameters are '#name', texts stand in single quotes.");
        }
    }

    private static void checkRoot(SpelNode node, String place) {
        SpelNode first = (node instanceof CompoundExpression) ? node.getChild(0) : node;
        if (first instanceof PropertyOrFieldReference reference && !ROOT_PROPERTIES.contains(reference.getName())) {
            throw new LimitConfigurationException(
                    "The %s names '%s', which no call has.".formatted(place, reference.getName()),
                    "Write '#%1$s' for a parameter, 'x' with its quotes for a text, header('x') or param('x') for what the request says, or one of: %2$s."
                            .formatted(reference.getName(), String.join(", ", new TreeSet<>(ROOT_PROPERTIES))));
        }
    }

    private static void checkVariables(SpelNode node, Map<String, Integer> parameters, String place) {
        nodes(node)
                .filter(VariableReference.class::isInstance)
                .map(SpelNode::toStringAST)
                .filter((variable) ->
                        !ROOT_VARIABLES.contains(variable) && !parameters.containsKey(variable.substring(1)))
                .findFirst()
                .ifPresent((variable) -> {
                    throw new LimitConfigurationException(
                            "The %s names %s, but the method has no such parameter. It has: %s."
                                    .formatted(
                                            place,
                                            variable,
                                            parameters.isEmpty()
                                                    ? "none"
                                                    : "#" + String.join(", #", new TreeSet<>(parameters.keySet()))),
                            "Correct the name, or compile with '-parameters' if parameter names are missing here.");
                });
    }

    private static Stream<SpelNode> nodes(SpelNode node) {
        return Stream.concat(
                Stream.of(node),
                IntStream.range(0, node.getChildCount())
                        .mapToObj(node::getChild)
                        .flatMap(CallExpressionParser::nodes));
    }

    private Map<String, Integer> parametersOf(Method method) {
        Map<String, Integer> parameters = new HashMap<>();
        String[] names = this.parameterNames.getParameterNames(method);
        for (int i = 0; i < method.getParameterCount(); i++) {
            parameters.put("p" + i, i);
            parameters.put("a" + i, i);
            if (names != null) {
                parameters.put(names[i], i);
            }
        }
        return parameters;
    }
}
