package doorbuster;

import java.util.function.Function;
import org.apache.lucene.analysis.TokenStream;
import org.elasticsearch.index.analysis.TokenFilterFactory;

/** A token filter without state; a normalizing one works on keywords too. */
record Filter(String name, Function<TokenStream, TokenStream> make, boolean normalizes) implements TokenFilterFactory {
    @Override
    public TokenStream create(TokenStream input) {
        return make.apply(input);
    }

    @Override
    public TokenStream normalize(TokenStream input) {
        return normalizes ? make.apply(input) : input;
    }
}
