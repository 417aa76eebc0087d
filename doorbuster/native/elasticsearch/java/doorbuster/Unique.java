package doorbuster;

import java.io.IOException;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/** Lets each word pass once: per text, or only where the same word stands twice at one position. */
final class Unique extends TokenFilter {
    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
    private final PositionIncrementAttribute increment = addAttribute(PositionIncrementAttribute.class);
    private final CharArraySet seen = new CharArraySet(8, false);
    private final boolean perPosition;

    Unique(TokenStream input, boolean perPosition) {
        super(input);
        this.perPosition = perPosition;
    }

    @Override
    public boolean incrementToken() throws IOException {
        while (input.incrementToken()) {
            if (perPosition && increment.getPositionIncrement() > 0) {
                seen.clear();
            }
            char[] word = new char[term.length()];
            System.arraycopy(term.buffer(), 0, word, 0, word.length);
            if (seen.add(word)) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void reset() throws IOException {
        super.reset();
        seen.clear();
    }
}
