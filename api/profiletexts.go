package api

// ownTexts are the texts of the bot that an owner may replace, by their keys, with the
// placeholders that each may have.
func ownTexts() map[string][]string { return nil }
