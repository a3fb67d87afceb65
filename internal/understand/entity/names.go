package entity

import (
	"cmp"
	"slices"

	"github.com/flowhq/flowhq/internal/understand/token"
)

// A Name is an entry of one of the owner's lists: a service, a product, an area.
type Name struct {
	// ID is the caller's key. It comes back in a match as it was given.
	ID    string
	Names []string // in either language, and aliases
	Sizes []string // of a product: "M", "42", "1kg"
}

// A NameMatch is an entry that a text names.
type NameMatch struct {
	Place
	ID string
	// Only an exact match is acted on without reading the name back.
	Exact bool    // without a typo and with all its words
	Score float64 // 0 to 1
	// Quantity is the whole number that goes with the name, 0 if none was said. A dozen are 12.
	// Amount is the same with its unit, and may be a fraction: "nusu kilo".
	Quantity int
	Amount   Quantity
	Size     string // as the owner wrote it, "" if none was said
	// Where Others has any, the bot asks which one was meant: "shati" of three shirts.
	Others []string // other entries that the same words may mean, best first
	// SizeAt is where the size stands. Its digits are no quantity, and no other name's size.
	SizeAt Place
}

// Limits on one list. Owners have tens of names, seldom hundreds.
const (
	// The limits bound the memory of one tenant and the time of one message. What is beyond a limit
	// is not found, and nothing fails.
	maxEntries     = 5000
	maxNameWords   = 8
	maxMatches     = 64
	maxNameTokens  = 2048 // of a text that is searched
	maxHits        = 50_000
	maxOthers      = 4
	minTypoLetters = 5 // shorter words are one letter away from too many others
)

// Partial names count if what is named is at least so much of the name, by how rare its words
// are in the list.
// "Braids" names "Knotless braids (medium)". "Medium" alone names nothing.
const minShare = 0.3

// Names finds the names of a list in texts. It is immutable and safe for concurrent use.
type Names struct {
	// entries are the owner's list in its order, by which variants refer to them.
	entries  []Name
	variants []variant
	byKey    map[string][]wordRef // by the forms of their words
	// byShape keeps the search for typos short: only words that begin alike and are about as long
	// are compared.
	byShape map[typoShape][]string
	rare    map[string]float64 // the weight of a word: less if many entries have it
}

// A variant is one way to write a name.
type variant struct {
	// entry is an index of Names.entries.
	entry int
	// words are those that tell the name from others, at most maxNameWords.
	words []string
	total float64 // the weight of its words
}

// A wordRef is a word of a variant.
// Indexes instead of pointers keep the index small.
type wordRef struct{ variant, word int }

// A typoShape bounds what a word is compared with to find typos.
// People seldom mistype the first letter, and a typo changes the length by one at most.
type typoShape struct {
	first  byte
	length int
}

// NewNames prepares the names of a list.
// NewNames reads the list once for each change of the owner's. Matching only reads, so many
// messages may be matched at once.
func NewNames(entries []Name) *Names {
	n := &Names{
		entries: entries[:min(len(entries), maxEntries)], byKey: map[string][]wordRef{},
		byShape: map[typoShape][]string{}, rare: map[string]float64{},
	}
	has := map[string]map[int]bool{} // which entries have a word
	for e, entry := range n.entries {
		for _, name := range entry.Names {
			n.addVariant(e, contentWords(name), has)
		}
	}
	// A word of one entry weighs 1, a word of four entries a quarter: "Nivea" of ten creams says
	// little of which one.
	for w, in := range has {
		n.rare[w] = 1 / float64(len(in))
		if len(w) <= 2 || w[0] >= '0' && w[0] <= '9' {
			// Codes such as "a14" and single letters are typed for many other reasons.
			n.rare[w] /= 2 // "a14": only together with the rest of the name
		}
		if len(w) >= minTypoLetters && !isCommon(w) {
			n.byShape[typoShape{w[0], len(w)}] = append(n.byShape[typoShape{w[0], len(w)}], w)
		}
	}
	// The order of a map must not decide between two typos.
	for _, words := range n.byShape {
		slices.Sort(words)
	}
	for v := range n.variants {
		for _, w := range n.variants[v].words {
			n.variants[v].total += n.rare[w]
		}
	}
	return n
}

// Each word is put under all its forms, so that a message finds the word with one look-up for each
// form.
func (n *Names) addVariant(entry int, words []string, has map[string]map[int]bool) {
	if len(words) == 0 {
		return
	}
	add := func(words []string) {
		v := len(n.variants)
		n.variants = append(n.variants, variant{entry: entry, words: words})
		for at, w := range words {
			if has[w] == nil {
				has[w] = map[int]bool{}
			}
			has[w][entry] = true
			for _, k := range keys(w) {
				n.byKey[k] = append(n.byKey[k], wordRef{v, at})
			}
		}
	}
	add(words)
	// The message's "haircut" meets a list's "Hair cut" this way. The other way, two tokens that a
	// list writes as one, is joined while matching.
	if len(words) == 2 { // "hair cut" is "haircut" too
		add([]string{words[0] + words[1]})
	}
}

// contentWords returns the words of a name that tell it from others. Common words count only in
// a name that has no others.
func contentWords(name string) []string {
	var content, all []string
	for _, t := range nameTokens(name) {
		if t.Kind == token.Symbol {
			continue
		}
		all = append(all, t.Text)
		if !isCommon(t.Text) {
			content = append(content, t.Text)
		}
	}
	if len(content) == 0 && len(all) > 1 {
		// Else a brand of common words could never be ordered.
		content = all // "Moja kwa Moja"
	}
	return content[:min(len(content), maxNameWords)]
}

// nameTokens are the tokens of a text, but with models in one piece: "A14".
// "A 14" stays two tokens: the number may be a count.
func nameTokens(text string) []token.Token {
	tokens := token.Split(text)
	out := tokens[:0]
	for _, t := range tokens {
		if n := len(out); n > 0 && t.Glued && t.Kind == token.Number &&
			out[n-1].Kind == token.Word {
			out[n-1].Text += t.Text
			out[n-1].End = t.End
			continue
		}
		out = append(out, t)
	}
	return out
}

// A hit is a token of a text that is a word of a variant.
type hit struct {
	// token is the first of tokens.
	token, tokens int // tokens is 2 where a word was written as two
	word          int
	// quality is 1 for the word itself, less for its plural or a typo.
	quality float64
}

// A candidate is a variant that a stretch of text names.
type candidate struct {
	variant     int
	first, last int // tokens
	// weight is the rarity of the words that were found, of the variant's total.
	weight float64
	// words counts tokens of the text, by which the longest name wins.
	words int
	// score is weight, each word by its quality, as a share of the total.
	score float64
	exact bool
	used  []int // its tokens
}

// Match returns the entries that a text names, in the order of the text. Of names that share
// words of the text, the one with most of them wins.
// "Sabuni ya unga" must not be found as "sabuni" and "unga" where the owner sells washing powder
// under that name.
func (n *Names) Match(text string) []NameMatch {
	tokens := nameTokens(text)
	// Nobody orders behind the first 2,048 words. A pasted text costs no more.
	tokens = tokens[:min(len(tokens), maxNameTokens)]
	hits := n.hits(tokens)
	var all []candidate
	// The order of the map does not matter: all are sorted before any is chosen.
	for v, list := range hits {
		list = slices.DeleteFunc(list, func(h hit) bool { return n.ofAnother(v, tokens, h.token) })
		all = append(all, n.candidates(v, tokens, list)...)
	}
	// Every tie is broken, so that the same text always gives the same entries.
	slices.SortFunc(all, func(a, b candidate) int {
		return cmp.Or(
			cmp.Compare(b.words, a.words), cmp.Compare(b.score, a.score),
			cmp.Compare(a.first, b.first),
			cmp.Compare(a.variant, b.variant),
		)
	})
	matches := n.choose(tokens, all)
	slices.SortFunc(matches, func(a, b NameMatch) int { return cmp.Compare(a.Start, b.Start) })
	n.quantify(text, tokens, matches)
	return matches
}

// hits finds the tokens that are words of names, by variant.
// Words repeat, so each distinct word is looked up once.
func (n *Names) hits(tokens []token.Token) map[int][]hit {
	found := map[int][]hit{}
	seen := map[string]map[wordRef]float64{}
	total := 0
	for i, t := range tokens {
		if t.Kind == token.Symbol {
			continue
		}
		// A text of one word, 2,000 times, against a list where every name has it, would otherwise
		// take long.
		if total > maxHits {
			break
		}
		refs, ok := seen[t.Text]
		if !ok {
			refs = n.lookup(t.Text)
			seen[t.Text] = refs
		}
		total += len(refs)
		for ref, q := range refs {
			found[ref.variant] = append(found[ref.variant], hit{i, 1, ref.word, q})
		}
		if i+1 < len(tokens) && tokens[i+1].Kind != token.Symbol {
			// "Hair cut" in the message meets "Haircut" in the list.
			joined := t.Text + tokens[i+1].Text
			for _, ref := range n.byKey[joined] {
				// Only whole names are met so. In longer names a chance pair would do harm.
				if len(n.variants[ref.variant].words) == 1 {
					found[ref.variant] = append(found[ref.variant], hit{i, 2, ref.word, 1})
				}
			}
		}
	}
	return found
}

// ofAnother reports whether a number measures something else than a name does: the 5 of "mchele
// kilo 5 na mafuta" is not that of "mafuta lita 5".
// Where the name itself holds a measure ("Mafuta lita 5"), a number with another unit, or with
// none, belongs to something else.
func (n *Names) ofAnother(v int, tokens []token.Token, i int) bool {
	if tokens[i].Kind != token.Number && !token.Spelled(tokens[i].Text) {
		return false
	}
	measures := map[string]bool{}
	if i > 0 {
		measures[units[tokens[i-1].Text]] = true
	}
	if i+1 < len(tokens) {
		measures[units[tokens[i+1].Text]] = true
	}
	delete(measures, "")
	// Both units are looked at: "kilo 5" and "5 kilo".
	bare := len(measures) == 0 // "sabuni 1" is not the powder of one kilo
	for _, name := range n.entries[n.variants[v].entry].Names {
		for _, t := range token.Split(name) {
			if unit := units[t.Text]; unit != "" && (bare || measures[unit]) {
				return bare
			}
		}
	}
	return !bare
}

// lookup returns the words of names that a word is, and how surely: itself, its plural, a typo.
// Typos are tried last, and only if the word is nothing else: "nyanya" must not become another
// name's typo while it is on the list itself.
func (n *Names) lookup(w string) map[wordRef]float64 {
	refs := map[wordRef]float64{}
	better := func(list []wordRef, q float64) {
		for _, ref := range list {
			refs[ref] = max(refs[ref], q)
		}
	}
	// Common words match only as they are written, in names made of such words.
	if isCommon(w) {
		better(n.exactRefs(w), 1)
		return refs
	}
	forms := keys(w)
	if s := token.Squeeze(w); s != w {
		forms = append(forms, keys(s)...)
	}
	for i, k := range forms {
		for _, ref := range n.byKey[k] {
			// A plural is nearly as good as the word, and a typo (.85) less. Both make a match
			// inexact.
			q := 0.95
			if i == 0 || n.variants[ref.variant].words[ref.word] == w {
				q = 1
			}
			refs[ref] = max(refs[ref], q)
		}
	}
	if len(refs) > 0 || len(w) < minTypoLetters || noTypos[w] {
		return refs
	}
	// One letter missing, wrong or too many.
	for length := len(w) - 1; length <= len(w)+1; length++ {
		for _, other := range n.byShape[typoShape{w[0], length}] {
			if token.OneTypo(w, other) {
				better(n.exactRefs(other), 0.85)
			}
		}
	}
	return refs
}

// exactRefs returns the words of names that are written like w.
// byKey holds forms too, so the word is compared once more.
func (n *Names) exactRefs(w string) (refs []wordRef) {
	for _, ref := range n.byKey[w] {
		if n.variants[ref.variant].words[ref.word] == w {
			refs = append(refs, ref)
		}
	}
	return refs
}

// candidates groups the hits of a variant into stretches of text, in any order of words.
// Words of a name may be up to three tokens apart: "braids za knotless" is the name turned round.
// Each hit is visited a bounded number of times, so the time is linear in the hits.
func (n *Names) candidates(v int, tokens []token.Token, hits []hit) (out []candidate) {
	slices.SortFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.token, b.token), cmp.Compare(a.word, b.word))
	})
	va := n.variants[v]
	for from := 0; from < len(hits); {
		var have [maxNameWords]bool
		c := candidate{variant: v, first: hits[from].token, last: -1, exact: true}
		quality, to := 0.0, from
		for to < len(hits) && (c.last < 0 || hits[to].token-c.last <= 3) {
			// A list break ends the stretch: what follows belongs to the next item.
			x := hits[to]
			if c.last >= 0 && listEnds(tokens, c.last, x.token) {
				break
			}
			to++
			if x.token <= c.last && c.last >= 0 {
				continue // the token is taken by another word of the name
			}
			// A word seen twice begins another stretch: "sukari 1kg na sukari 2kg".
			if have[x.word] {
				to--
				break
			}
			have[x.word] = true
			w := n.rare[va.words[x.word]]
			c.weight += w
			quality += w * x.quality
			c.exact = c.exact && x.quality == 1
			c.words += x.tokens
			for k := range x.tokens {
				c.used = append(c.used, x.token+k)
			}
			c.last = x.token + x.tokens - 1
		}
		// Above .999 all words were found. Sums of floats miss 1 by a little.
		share := c.weight / va.total
		c.exact = c.exact && share > 0.999
		c.score = quality / va.total
		if share >= minShare && n.tells(va, have) {
			out = append(out, c)
		}
		from = max(to, from+1)
	}
	return out
}

// listEnds reports whether a number or unit and a word stand in two items of a list: "sukari kilo 5 na
// mchele" names no "mchele kilo 5", and the kg of "2 bags of 5 kg, onions" is not of onions.
// Between two words a break is no end: "mkate na siagi" may be one name.
func listEnds(tokens []token.Token, from, to int) bool {
	number := func(t token.Token) bool {
		return t.Kind == token.Number || token.Spelled(t.Text) || units[t.Text] != ""
	}
	return (number(tokens[from]) || number(tokens[to])) && from < to &&
		slices.ContainsFunc(tokens[from+1:to], func(t token.Token) bool {
			return listBreaks[t.Text]
		})
}

// "+" and "n" are how lists are typed on a phone: "maziwa n mkate".
var listBreaks = set(", ; na and & + n pamoja plus halafu then")

// tells reports whether the words that were found are more than digits, single letters and
// qualities, or the whole name.
// "Kubwa" or "2" answers a question of the bot, so they must name no product.
func (n *Names) tells(v variant, have [maxNameWords]bool) bool {
	all, word := true, false
	for i, w := range v.words {
		all = all && have[i]
		word = word || have[i] && len(w) > 2 && (w[0] < '0' || w[0] > '9') && !qualities[w]
	}
	if first := v.words[0]; len(v.words) == 1 &&
		(len(first) == 1 || first[0] >= '0' && first[0] <= '9') {
		return false // a number or letter alone is an answer to something else
	}
	return word || all
}

// choose takes the best candidates that do not overlap, and notes what else they may be.
// The candidates come best first. A worse one that overlaps is dropped, or noted as what the words
// may mean too.
func (n *Names) choose(tokens []token.Token, all []candidate) (matches []NameMatch) {
	taken := map[int]int{} // token to match, from 1
	best := []candidate{}
	for _, c := range all {
		entry := n.variants[c.variant].entry
		if m := overlap(taken, c.used); m > 0 {
			first, match := best[m-1], &matches[m-1]
			// Nearly as good is within a quarter. With an exact match there is nothing to ask.
			if entry != n.variants[first.variant].entry && c.words == first.words && !first.exact &&
				c.score >= first.score-0.25 && len(match.Others) < maxOthers &&
				!slices.Contains(match.Others, n.entries[entry].ID) {
				match.Others = append(match.Others, n.entries[entry].ID)
			}
			continue
		}
		if len(matches) == maxMatches {
			break
		}
		matches = append(matches, NameMatch{
			Place: Place{tokens[c.first].Start, tokens[c.last].End},
			ID:    n.entries[entry].ID, Exact: c.exact, Score: c.score,
		})
		best = append(best, c)
		for _, t := range c.used {
			taken[t] = len(matches)
		}
	}
	return matches
}

// overlap returns the match that has one of the tokens, counted from 1, or 0.
func overlap(taken map[int]int, used []int) int {
	for _, t := range used {
		if m := taken[t]; m > 0 {
			return m
		}
	}
	return 0
}
