package doorbuster;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.core.KeywordTokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterIterator;
import org.apache.lucene.analysis.ngram.EdgeNGramTokenFilter;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.RestHandler;

/**
 * What the official image has and Maven Central lacks, as far as our indices and clients use it, under Elasticsearch's
 * own names, parameters and defaults: an index definition cannot tell the two apart.
 */
public final class CatalogAnalysis extends Plugin implements AnalysisPlugin, ActionPlugin {
    private ClusterService cluster;

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of(
            "asciifolding", filter(CatalogAnalysis::asciifolding),
            "edge_ngram", filter(CatalogAnalysis::edgeNgram),
            "kstem", filter(settings -> KStemFilter::new),
            "stemmer", filter(Stemmers::named),
            "unique", filter(settings -> input -> new Unique(input, settings.getAsBoolean("only_on_same_position", false))),
            "word_delimiter_graph", filter(CatalogAnalysis::wordDelimiterGraph),
            "synonym_graph", AnalysisPlugin.requiresAnalysisSettings(
                (index, environment, name, settings) -> new SynonymGraph(name, settings)
            )
        );
    }

    @Override
    public Map<String, AnalysisProvider<CharFilterFactory>> getCharFilters() {
        return Map.of("pattern_replace", AnalysisPlugin.requiresAnalysisSettings(
            (index, environment, name, settings) -> new PatternReplace(name, settings)
        ));
    }

    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return List.of(
            PreConfiguredTokenFilter.singleton("asciifolding", true, ASCIIFoldingFilter::new),
            PreConfiguredTokenFilter.singleton("edge_ngram", false, false, input -> new EdgeNGramTokenFilter(input, 1)),
            PreConfiguredTokenFilter.singleton("kstem", false, KStemFilter::new),
            PreConfiguredTokenFilter.singleton("stemmer", false, Stemmers.named(Settings.EMPTY)),
            PreConfiguredTokenFilter.singleton("unique", false, input -> new Unique(input, false)),
            PreConfiguredTokenFilter.singleton("word_delimiter_graph", false, false, wordDelimiterGraph(Settings.EMPTY))
        );
    }

    @Override
    public Map<String, AnalysisProvider<TokenizerFactory>> getTokenizers() {
        return Map.of(
            "keyword", (index, environment, name, settings) -> TokenizerFactory.newFactory(name, KeywordTokenizer::new),
            "whitespace", (index, environment, name, settings) -> TokenizerFactory.newFactory(name, WhitespaceTokenizer::new)
        );
    }

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(
            PreConfiguredTokenizer.singleton("keyword", KeywordTokenizer::new),
            PreConfiguredTokenizer.singleton("whitespace", WhitespaceTokenizer::new)
        );
    }

    @Override
    public Collection<?> createComponents(PluginServices services) {
        cluster = services.clusterService();
        return List.of();
    }

    @Override
    public Collection<RestHandler> getRestHandlers(
        RestHandlersServices services,
        Supplier<DiscoveryNodes> nodes,
        Predicate<NodeFeature> has
    ) {
        return List.of(new RootHandler(() -> cluster.state()));
    }

    private static AnalysisProvider<TokenFilterFactory> filter(Function<Settings, Function<TokenStream, TokenStream>> make) {
        return (index, environment, name, settings) -> new Filter(name, make.apply(settings), isNormalizing(settings, name));
    }

    private static boolean isNormalizing(Settings settings, String name) {
        return settings.get("type", name).equals("asciifolding");
    }

    private static Function<TokenStream, TokenStream> asciifolding(Settings settings) {
        boolean original = settings.getAsBoolean("preserve_original", false);
        return input -> new ASCIIFoldingFilter(input, original);
    }

    private static Function<TokenStream, TokenStream> edgeNgram(Settings settings) {
        int shortest = settings.getAsInt("min_gram", 1);
        int longest = settings.getAsInt("max_gram", 2);
        boolean original = settings.getAsBoolean("preserve_original", false);
        return input -> new EdgeNGramTokenFilter(input, shortest, longest, original);
    }

    private static Function<TokenStream, TokenStream> wordDelimiterGraph(Settings settings) {
        int flags = flag(settings, "generate_word_parts", true, WordDelimiterGraphFilter.GENERATE_WORD_PARTS)
            | flag(settings, "generate_number_parts", true, WordDelimiterGraphFilter.GENERATE_NUMBER_PARTS)
            | flag(settings, "catenate_words", false, WordDelimiterGraphFilter.CATENATE_WORDS)
            | flag(settings, "catenate_numbers", false, WordDelimiterGraphFilter.CATENATE_NUMBERS)
            | flag(settings, "catenate_all", false, WordDelimiterGraphFilter.CATENATE_ALL)
            | flag(settings, "split_on_case_change", true, WordDelimiterGraphFilter.SPLIT_ON_CASE_CHANGE)
            | flag(settings, "split_on_numerics", true, WordDelimiterGraphFilter.SPLIT_ON_NUMERICS)
            | flag(settings, "preserve_original", false, WordDelimiterGraphFilter.PRESERVE_ORIGINAL)
            | flag(settings, "stem_english_possessive", true, WordDelimiterGraphFilter.STEM_ENGLISH_POSSESSIVE)
            | flag(settings, "ignore_keywords", false, WordDelimiterGraphFilter.IGNORE_KEYWORDS);
        boolean offsets = settings.getAsBoolean("adjust_offsets", true);
        List<String> kept = settings.getAsList("protected_words");
        CharArraySet words = kept.isEmpty() ? null : new CharArraySet(kept, false);
        byte[] table = WordDelimiterIterator.DEFAULT_WORD_DELIM_TABLE;
        return input -> new WordDelimiterGraphFilter(input, offsets, table, flags, words);
    }

    private static int flag(Settings settings, String name, boolean otherwise, int flag) {
        return settings.getAsBoolean(name, otherwise) ? flag : 0;
    }
}
