package doorbuster;

import java.io.IOException;
import java.io.StringReader;
import java.text.ParseException;
import java.util.List;
import java.util.function.Function;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.synonym.SolrSynonymParser;
import org.apache.lucene.analysis.synonym.SynonymGraphFilter;
import org.apache.lucene.analysis.synonym.SynonymMap;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.IndexService.IndexCreationContext;
import org.elasticsearch.index.analysis.CharFilterFactory;
import org.elasticsearch.index.analysis.CustomAnalyzer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.index.analysis.TokenizerFactory;

/** Synonyms given in the index settings, in Solr's format; each rule goes through the filters before this one. */
record SynonymGraph(String name, Settings settings) implements TokenFilterFactory {
    SynonymGraph {
        if (settings.hasValue("synonyms") == false) {
            throw new IllegalArgumentException("synonym_graph needs [synonyms]: the native node reads no files and sets");
        }
    }

    @Override
    public TokenStream create(TokenStream input) {
        throw new IllegalStateException("only the filter made for its chain can be used");
    }

    @Override
    public TokenFilterFactory getChainAwareTokenFilterFactory(
        IndexCreationContext context,
        TokenizerFactory tokenizer,
        List<CharFilterFactory> charFilters,
        List<TokenFilterFactory> before,
        Function<String, TokenFilterFactory> all
    ) {
        SynonymMap synonyms = parse(new CustomAnalyzer(
            tokenizer,
            charFilters.toArray(CharFilterFactory[]::new),
            before.stream().map(TokenFilterFactory::getSynonymFilter).toArray(TokenFilterFactory[]::new)
        ));
        // The filter would stumble over a map without entries.
        return new Filter(name, input -> synonyms.fst == null ? input : new SynonymGraphFilter(input, synonyms, false), false);
    }

    private SynonymMap parse(Analyzer analyzer) {
        boolean lenient = settings.getAsBoolean("lenient", false);
        Rules rules = new Rules(settings.getAsBoolean("expand", true), lenient, analyzer);
        try {
            for (String rule : settings.getAsList("synonyms")) {
                rules.parse(new StringReader(rule));
            }
            return rules.build();
        } catch (IOException | ParseException error) {
            throw new IllegalArgumentException("failed to build synonyms", error);
        }
    }

    /** Solr's rules, of which a lenient filter skips those its analyzer swallows. */
    private static final class Rules extends SolrSynonymParser {
        private final boolean lenient;

        Rules(boolean expand, boolean lenient, Analyzer analyzer) {
            super(true, expand, analyzer);
            this.lenient = lenient;
        }

        @Override
        public org.apache.lucene.util.CharsRef analyze(String text, org.apache.lucene.util.CharsRefBuilder reuse)
            throws IOException {
            try {
                return super.analyze(text, reuse);
            } catch (IllegalArgumentException error) {
                if (lenient == false) {
                    throw error;
                }
                return new org.apache.lucene.util.CharsRef("");
            }
        }

        @Override
        public void add(
            org.apache.lucene.util.CharsRef input,
            org.apache.lucene.util.CharsRef output,
            boolean includeOriginal
        ) {
            if (lenient == false || input.length > 0 && output.length > 0) {
                super.add(input, output, includeOriginal);
            }
        }
    }
}
