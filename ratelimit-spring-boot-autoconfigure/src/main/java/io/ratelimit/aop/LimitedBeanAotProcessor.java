package io.ratelimit.aop;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.BeanReference;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Keeps what limited beans are asked for by reflection in an application that is compiled ahead of time: their methods, fallbacks included,
 * the types of the parameters of limited methods, and the beans that expressions name.
 */
final class LimitedBeanAotProcessor implements BeanRegistrationAotProcessor {

    private static final List<String> EXPRESSIONS = List.of("key", "condition", "amount");

    private final LimitAnnotations annotations = new LimitAnnotations();

    private final SpelExpressionParser parser = new SpelExpressionParser();

    private final BindingReflectionHintsRegistrar properties = new BindingReflectionHintsRegistrar();

    @Override
    public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean bean) {
        Class<?> type = ClassUtils.getUserClass(bean.getBeanClass());
        Set<Class<?>> hierarchy = new BeanType(type, List.of()).hierarchy();
        if (!this.annotations.areDeclaredIn(hierarchy)) {
            return null;
        }
        Set<Class<?>> named = new LinkedHashSet<>();
        hierarchy.stream()
                .flatMap(LimitedBeanAotProcessor::elements)
                .forEach((element) -> addNamed(element, hierarchy, bean.getBeanFactory(), named));
        return (context, code) -> {
            ReflectionHints hints = context.getRuntimeHints().reflection();
            hierarchy.forEach((owner) -> hints.registerType(owner, MemberCategory.INVOKE_DECLARED_METHODS));
            named.forEach((target) -> hints.registerType(target, MemberCategory.INVOKE_PUBLIC_METHODS));
            this.properties.registerReflectionHints(hints, named.toArray(Class<?>[]::new));
        };
    }

    private static Stream<AnnotatedElement> elements(Class<?> type) {
        return Stream.concat(Stream.of(type), Arrays.stream(ReflectionUtils.getDeclaredMethods(type)));
    }

    private void addNamed(
            AnnotatedElement element,
            Set<Class<?>> hierarchy,
            ConfigurableListableBeanFactory beans,
            Set<Class<?>> named) {
        List<LimitAnnotation> limits = LimitAnnotations.nearestTo(element);
        Stream<Method> methods = (element instanceof Method method)
                ? Stream.of(method)
                : hierarchy.stream().flatMap((owner) -> Arrays.stream(ReflectionUtils.getDeclaredMethods(owner)));
        boolean hasExpressions = limits.stream()
                .anyMatch((limit) -> EXPRESSIONS.stream()
                        .anyMatch((attribute) -> !limit.text(attribute).isEmpty()));
        if (hasExpressions) {
            methods.flatMap((method) -> Arrays.stream(method.getParameterTypes()))
                    .filter((type) -> !type.isPrimitive())
                    .forEach(named::add);
        }
        limits.stream()
                .flatMap((limit) -> EXPRESSIONS.stream().map(limit::text))
                .flatMap(this::beanNames)
                .filter(beans::containsBean)
                .map(beans::getType)
                .filter((type) -> type != null)
                .map(ClassUtils::getUserClass)
                .forEach(named::add);
    }

    private Stream<String> beanNames(String expression) {
        if (!expression.contains("@")) {
            return Stream.empty();
        }
        try {
            return references(this.parser.parseRaw(expression).getAST());
        } catch (ParseException | IllegalStateException ex) {
            // said better when the bean is created
            return Stream.empty();
        }
    }

    private static Stream<String> references(SpelNode node) {
        Stream<String> own = (node instanceof BeanReference)
                ? Stream.of(node.toStringAST().replaceAll("^[@&]'?|'$", ""))
                : Stream.empty();
        return Stream.concat(
                own,
                IntStream.range(0, node.getChildCount())
                        .mapToObj(node::getChild)
                        .flatMap(LimitedBeanAotProcessor::references));
    }
}
