package doorbuster;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/** Runs one real Elasticsearch node from the artifacts of Maven Central: arguments are its home and its config. */
public final class NodeLauncher {
    public static void main(String[] arguments) throws Exception {
        LogConfigurator.configureESLogging();
        LogConfigurator.registerErrorListener();
        Environment environment = environment(Path.of(arguments[0]), Path.of(arguments[1]));
        LogConfigurator.configure(environment, true);
        Node node = new Node(environment, plugins(environment));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
        node.start();
        new CountDownLatch(1).await();
    }

    private static Environment environment(Path home, Path config) {
        Settings settings = Settings.builder().put("path.home", home.toString()).build();
        return InternalSettingsPreparer.prepareEnvironment(settings, Map.of(), config, () -> "doorbuster");
    }

    private static PluginsLoader plugins(Environment environment) {
        // The last false: as classes, not as modules. A small Java runtime lacks modules that theirs name.
        return PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir(), false),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir(), false),
            Map.of(),
            false
        );
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
            node.awaitClose(10, TimeUnit.SECONDS);
        } catch (Exception error) {
            error.printStackTrace();
        }
    }
}
