package io.ratelimit.aop;

import static org.assertj.core.api.Assertions.assertThat;

import io.ratelimit.LimitKind;
import io.ratelimit.LimitRequest;
import io.ratelimit.annotation.ConcurrencyLimited;
import io.ratelimit.annotation.RateLimited;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.aopalliance.intercept.Joinpoint;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.CustomScopeConfigurer;
import org.springframework.cache.CacheManager;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.concurrent.ConcurrentMapCacheManager;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.core.Ordered;
import org.springframework.core.task.SyncTaskExecutor;
import org.springframework.core.task.TaskExecutor;
import org.springframework.http.HttpStatus;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.scheduling.annotation.ScheduledAnnotationBeanPostProcessor;
import org.springframework.test.web.client.MockRestServiceServer;
import org.springframework.test.web.client.match.MockRestRequestMatchers;
import org.springframework.test.web.client.response.MockRestResponseCreators;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;

/** Which beans are limited, once each, and where among other advice. */
class LimitedBeansTests {

    private final LimitedApplication application = new LimitedApplication();

    @AfterEach
    void close() {
        this.application.close();
    }

    private void assertLimitedOnce() {
        assertThat(this.application.events()).containsExactly("+rated", "-rated");
    }

    @Nested
    class Origins {

        @Test
        void aController() {
            application.start(Web.class).bean(Web.class).handle();
            assertLimitedOnce();
        }

        @Test
        void theProductOfABeanMethod() {
            application.start(Products.class).bean(Service.class).call();
            assertLimitedOnce();
        }

        @Test
        void theProductOfAFactoryBean() {
            application.start(ServiceFactory.class).bean(Service.class).call();
            assertLimitedOnce();
        }

        @Test
        void eachInstanceOfAPrototype() {
            application.start(Many.class);
            application.bean(Many.class).call();
            application.bean(Many.class).call();
            assertThat(application.events()).containsExactly("+rated", "-rated", "+rated", "-rated");
        }

        @Test
        void aScopedBeanBehindItsProxy() {
            application
                    .start(ThreadScope.class, Scoped.class)
                    .bean(Scoped.class)
                    .call();
            assertLimitedOnce();
        }

        @Test
        void aFinalClassByItsInterface() {
            application.start(Closed.class).bean(Api.class).call();
            assertLimitedOnce();
        }

        @Test
        void aLambdaByItsInterface() {
            application.start(Lambdas.class).bean(Api.class).call();
            assertLimitedOnce();
        }

        @Test
        void aPlainJdkProxyAsOfAFeignClient() {
            application.start(ForeignProxies.class).bean(Api.class).call();
            assertLimitedOnce();
        }

        @Test
        void anInterfaceProxyWhereClassesAreNotProxied() {
            application.interfaceProxies().start(ServiceOfApi.class);
            Api api = application.bean(Api.class);
            assertThat(AopUtils.isJdkDynamicProxy(api)).isTrue();
            api.call();
            assertLimitedOnce();
        }

        @Test
        void anHttpInterfaceClient() {
            application.start(HttpClients.class);
            assertThat(application.bean(HttpClient.class).fetch()).isEqualTo("fetched");
            assertLimitedOnce();
        }

        @Test
        void aBeanInACircle() {
            application.context.setAllowCircularReferences(true);
            application.start(First.class, Second.class);
            application.bean(Second.class).first.call();
            application.bean(First.class).call();
            assertThat(application.events()).containsExactly("+rated", "-rated", "+rated", "-rated");
        }

        @Test
        void aTransactionalBeanInACircle() {
            application.context.setAllowCircularReferences(true);
            application.start(Transactions.class, TransactionalFirst.class, TransactionalSecond.class);
            application.bean(TransactionalSecond.class).first.call();
            assertLimitedOnce();
        }

        @RestController
        static class Web extends Service {

            @RateLimited("rated")
            public void handle() {}
        }

        @Configuration
        static class Products {

            @Bean
            Service service() {
                return new Service();
            }
        }

        static class ServiceFactory implements FactoryBean<Service> {

            @Override
            public Service getObject() {
                return new Service();
            }

            @Override
            public Class<?> getObjectType() {
                return Service.class;
            }
        }

        @Scope("prototype")
        static class Many extends Service {}

        static class ThreadScope {

            @Bean
            static CustomScopeConfigurer scopes() {
                CustomScopeConfigurer scopes = new CustomScopeConfigurer();
                scopes.addScope("thread", new SimpleThreadScope());
                return scopes;
            }
        }

        @Scope(scopeName = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
        static class Scoped extends Service {}

        static final class Closed implements Api {

            @Override
            public void call() {}
        }

        static class Lambdas {

            @Bean
            Api api() {
                return () -> {};
            }
        }

        static class ForeignProxies {

            @Bean
            Api api() {
                return (Api) Proxy.newProxyInstance(
                        Api.class.getClassLoader(), new Class<?>[] {Api.class}, (proxy, method, args) -> null);
            }
        }

        static class ServiceOfApi implements Api {

            @Override
            public void call() {}
        }

        interface HttpClient {

            @RateLimited("rated")
            @GetExchange("/")
            String fetch();
        }

        static class HttpClients {

            @Bean
            HttpClient httpClient() {
                RestClient.Builder builder = RestClient.builder();
                MockRestServiceServer.bindTo(builder)
                        .build()
                        .expect(MockRestRequestMatchers.requestTo("/"))
                        .andRespond(MockRestResponseCreators.withStatus(HttpStatus.OK)
                                .body("fetched"));
                return HttpServiceProxyFactory.builderFor(RestClientAdapter.create(builder.build()))
                        .build()
                        .createClient(HttpClient.class);
            }
        }

        static class First {

            @Autowired
            Second second;

            @RateLimited("rated")
            public void call() {}
        }

        static class Second {

            @Autowired
            First first;
        }

        static class TransactionalFirst {

            @Autowired
            TransactionalSecond second;

            @RateLimited("rated")
            @Transactional
            public void call() {}
        }

        static class TransactionalSecond {

            @Autowired
            TransactionalFirst first;
        }
    }

    @Nested
    class Repositories {

        @Test
        void areLimitedByAnnotationsOnTheirMethods() {
            assertThat(start(Users.class).findByName("ada")).isEqualTo("queried findByName");
            assertThat(application.requests()).containsExactly(request("ada"));
        }

        @Test
        void areLimitedWhereTheyRedeclareAMethodOfTheirBase() {
            Users users = start(Users.class);
            users.save("ada");
            Crud<String> crud = users;
            crud.save("bob");
            assertThat(application.requests()).containsExactly(request("ada"), request("bob"));
        }

        @Test
        void areLimitedAsAWholeInheritedMethodsIncluded() {
            LimitedUsers users = start(LimitedUsers.class);
            assertThat(users.count()).isEqualTo(7);
            users.findAny();
            assertThat(application.requests()).hasSize(2);
        }

        @Test
        void areNotLimitedByTheAnnotationsOfOthersWithTheSameBase() {
            assertThat(start(Users.class).count()).isEqualTo(7);
            start(Users.class).count();
            assertThat(application.bean(LimitedUsers.class)).isNotNull();
            assertThat(application.requests()).isEmpty();
        }

        @Test
        void areLimitedAlsoWithTheLowestPrecedence() {
            application.order(Ordered.LOWEST_PRECEDENCE);
            assertThat(start(Users.class).findByName("ada")).isEqualTo("queried findByName");
            assertThat(application.requests()).hasSize(1);
        }

        private LimitRequest request(String key) {
            return LimitRequest.of("rated").key(key).only(LimitKind.RATE);
        }

        private <T> T start(Class<T> type) {
            if (!application.context.isActive()) {
                application.start(RepositoryBeans.class);
            }
            return application.bean(type);
        }

        interface Crud<T> {

            void save(T item);

            long count();
        }

        interface Users extends Crud<String> {

            @RateLimited(name = "rated", key = "#name")
            String findByName(String name);

            @Override
            @RateLimited(name = "rated", key = "#name")
            void save(String name);
        }

        @RateLimited("rated")
        interface LimitedUsers extends Crud<String> {

            String findAny();
        }

        /** Stands behind all repositories and knows nothing of their interfaces. */
        static class SimpleCrud implements Crud<Object> {

            @Override
            public void save(Object item) {}

            @Override
            public long count() {
                return 7;
            }
        }

        static class RepositoryBeans {

            @Bean
            Users users() {
                return repository(Users.class);
            }

            @Bean
            LimitedUsers limitedUsers() {
                return repository(LimitedUsers.class);
            }

            private static <T> T repository(Class<T> type) {
                ProxyFactory factory = new ProxyFactory();
                factory.setTarget(new SimpleCrud());
                factory.setInterfaces(type);
                factory.addAdvice((MethodInterceptor) RepositoryBeans::answer);
                return type.cast(factory.getProxy());
            }

            /** Answers what the target cannot, as the advice of a repository does. */
            private static @Nullable Object answer(MethodInvocation invocation) throws Throwable {
                return switch (invocation.getMethod().getName()) {
                    case "findByName", "findAny" ->
                        "queried " + invocation.getMethod().getName();
                    case "save" -> null;
                    default -> invocation.proceed();
                };
            }
        }
    }

    @Nested
    class Once {

        @Test
        void withAsyncTransactionalAndCacheableOnTheSameMethod() {
            application.start(Everything.class, Transactions.class, Busy.class);
            application.bean(Busy.class).call();
            assertThat(application.events()).containsExactly("+rated", "body", "-rated");
        }

        @Test
        void whereOneProxyIsTwoBeans() {
            application.start(Aliases.class);
            application.context.getBean("second", Service.class).call();
            assertLimitedOnce();
        }

        @Test
        void whereAProxyStandsBeforeAProxy() {
            application.start(Decorated.class);
            Service outer = application.context.getBean("outer", Service.class);
            assertThat(outer).isNotSameAs(application.context.getBean("inner"));
            outer.call();
            assertLimitedOnce();
        }

        @Test
        void whereAnInterfaceProxyStandsBeforeAClassProxy() {
            application.start(DecoratedByInterface.class);
            application.context.getBean("outer", Api.class).call();
            assertLimitedOnce();
        }

        @Test
        void whereAProxyStandsBeforeAScopedProxy() {
            application.start(Origins.ThreadScope.class, DecoratedScope.class);
            application.context.getBean("outer", Api.class).call();
            assertLimitedOnce();
        }

        @EnableAsync
        @EnableCaching
        static class Everything {

            @Bean
            TaskExecutor taskExecutor() {
                return new SyncTaskExecutor();
            }

            @Bean
            CacheManager cacheManager() {
                return new ConcurrentMapCacheManager();
            }
        }

        static class Busy {

            private final RecordingLimiter limiter;

            Busy(RecordingLimiter limiter) {
                this.limiter = limiter;
            }

            @Async
            @Transactional
            @Cacheable("results")
            @RateLimited("rated")
            public void call() {
                this.limiter.note("body");
            }
        }

        static class Aliases {

            @Bean
            Service first() {
                return new Service();
            }

            @Bean
            Service second(@Qualifier("first") Service first) {
                return first;
            }
        }

        @Configuration
        static class Decorated {

            @Bean
            Service inner() {
                return new Service();
            }

            @Bean
            Service outer() {
                ProxyFactory factory = new ProxyFactory(inner());
                factory.setProxyTargetClass(true);
                return (Service) factory.getProxy();
            }
        }

        @Configuration
        static class DecoratedByInterface {

            @Bean
            Origins.ServiceOfApi inner() {
                return new Origins.ServiceOfApi();
            }

            @Bean
            Api outer() {
                ProxyFactory factory = new ProxyFactory(Api.class, (MethodInterceptor) Joinpoint::proceed);
                factory.setTarget(inner());
                return (Api) factory.getProxy();
            }
        }

        @Configuration
        static class DecoratedScope {

            @Bean
            @Scope(scopeName = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
            Origins.ServiceOfApi inner() {
                return new Origins.ServiceOfApi();
            }

            @Bean
            Api outer(@Qualifier("inner") Origins.ServiceOfApi inner) {
                ProxyFactory factory = new ProxyFactory(Api.class, (MethodInterceptor) Joinpoint::proceed);
                factory.setTarget(inner);
                return (Api) factory.getProxy();
            }
        }
    }

    @Nested
    class Order {

        @Test
        void isOutsideOfTransactionsByDefault() {
            assertThat(start().call()).as("the body is in a transaction").isTrue();
            assertThat(application.limiter.askedInTransaction()).isFalse();
        }

        @Test
        void canBeInsideOfTransactions() {
            application.order(Ordered.LOWEST_PRECEDENCE);
            assertThat(start().call()).isTrue();
            assertThat(application.limiter.askedInTransaction()).isTrue();
        }

        @Test
        void followsTheOrderOfTheTransactionsToo() {
            application.order(17).start(EarlyTransactions.class, Transfer.class);
            assertThat(application.bean(Transfer.class).call()).isTrue();
            assertThat(application.limiter.askedInTransaction()).isTrue();
        }

        @Test
        void isInsideOfAsyncSoThatTheSlotLastsAsLongAsTheWork() {
            application.start(Queue.class, AsyncWork.class);
            application.bean(AsyncWork.class).call();
            assertThat(application.events()).isEmpty();
            application.bean(Queue.class).runAll();
            assertThat(application.events()).containsExactly("+slotted", "body", "-slotted");
        }

        @Test
        void comesBeforeProcessorsThatKeepTheBeanAsListenersDo() {
            application.start(ListenerProcessor.class, Job.class);
            application.bean(ListenerProcessor.class).job.call();
            assertLimitedOnce();
        }

        @Test
        void comesBeforeScheduling() {
            application.start(Scheduling.class, Job.class);
            application
                    .bean(ScheduledAnnotationBeanPostProcessor.class)
                    .getScheduledTasks()
                    .forEach((task) -> task.getTask().getRunnable().run());
            assertLimitedOnce();
        }

        private Transfer start() {
            return application.start(Transactions.class, Transfer.class).bean(Transfer.class);
        }

        static class Transfer {

            @Transactional
            @RateLimited("rated")
            public boolean call() {
                return TransactionSynchronizationManager.isActualTransactionActive();
            }
        }

        @EnableTransactionManagement(order = 16)
        static class EarlyTransactions {

            @Bean
            FakeTransactionManager transactionManager() {
                return new FakeTransactionManager();
            }
        }

        @EnableAsync
        static class Queue implements TaskExecutor {

            private final List<Runnable> tasks = new ArrayList<>();

            @Override
            public void execute(Runnable task) {
                this.tasks.add(task);
            }

            void runAll() {
                this.tasks.forEach(Runnable::run);
            }
        }

        static class AsyncWork {

            private final RecordingLimiter limiter;

            AsyncWork(RecordingLimiter limiter) {
                this.limiter = limiter;
            }

            @Async
            @ConcurrencyLimited("slotted")
            public void call() {
                this.limiter.note("body");
            }
        }

        @EnableScheduling
        static class Scheduling {}

        static class ListenerProcessor implements BeanPostProcessor, Ordered {

            private Job job;

            @Override
            public Object postProcessAfterInitialization(Object bean, String beanName) {
                if (bean instanceof Job found) {
                    this.job = found;
                }
                return bean;
            }

            @Override
            public int getOrder() {
                return LOWEST_PRECEDENCE;
            }
        }

        static class Job {

            @Scheduled(initialDelay = 1_000_000_000L, fixedDelay = 1_000_000_000L)
            @RateLimited("rated")
            public void call() {}
        }
    }

    interface Api {

        @RateLimited("rated")
        void call();
    }

    static class Service {

        @RateLimited("rated")
        public void call() {}
    }

    @EnableTransactionManagement
    static class Transactions {

        @Bean
        FakeTransactionManager transactionManager() {
            return new FakeTransactionManager();
        }
    }

    static class FakeTransactionManager extends AbstractPlatformTransactionManager {

        @Override
        protected Object doGetTransaction() {
            return new Object();
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {}

        @Override
        protected void doCommit(DefaultTransactionStatus status) {}

        @Override
        protected void doRollback(DefaultTransactionStatus status) {}
    }
}
