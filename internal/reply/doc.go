// Package reply decides what the bot says.
//
// [Answer] is a pure function of the message, the tenant's configuration, what
// the bot asked last and the time. It cannot fail, block or send, so the
// pipeline may call it inside a transaction and call it again after a crash.
//
// # How a message is understood
//
// The first rule that fits wins:
//
//  1. A message without words, such as a picture without a caption, is asked for
//     in words.
//  2. A bare number, as digits ("2", "2)", "2️⃣") or as a word ("mbili"), picks
//     from the menu, unless the bot has just asked for a quantity.
//  3. "0", "menu" and "menyu" show the menu.
//  4. If the bot asked for details within [AskedFor], the message is taken as
//     the details and noted, unless it is too thin to be any, only repeats the
//     request or changes the subject.
//  5. The template's topics are tried in the order in which its file lists them;
//     the first with a keyword in the message is answered.
//  6. Small talk: greetings, thanks, "ok".
//  7. A person who is still adding to noted details has the addition noted too.
//  8. Anything else shows the menu.
//
// Keywords of both languages count whatever the tenant's language is, because
// customers mix them; the answer is always in the tenant's language.
//
// # Where to change what
//
// Each template has a file with its topics and keywords; english.go and
// swahili.go hold every text. The conversations in testdata show the result and
// are rewritten by go test -update.
package reply
