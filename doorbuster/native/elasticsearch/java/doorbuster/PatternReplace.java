package doorbuster;

import java.io.Reader;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.pattern.PatternReplaceCharFilter;
import org.elasticsearch.common.regex.Regex;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.NormalizingCharFilterFactory;

/** Writes text anew by a regular expression, before it is cut into words. */
record PatternReplace(String name, Pattern pattern, String replacement) implements NormalizingCharFilterFactory {
    PatternReplace(String name, Settings settings) {
        this(name, pattern(settings), settings.get("replacement", ""));
    }

    @Override
    public Reader create(Reader text) {
        return new PatternReplaceCharFilter(pattern, replacement, text);
    }

    private static Pattern pattern(Settings settings) {
        String pattern = settings.get("pattern");
        if (pattern == null || pattern.isEmpty()) {
            throw new IllegalArgumentException("pattern_replace needs a [pattern]");
        }
        return Regex.compile(pattern, settings.get("flags"));
    }
}
