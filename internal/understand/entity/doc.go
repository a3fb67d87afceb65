// Package entity finds in a message what has a value of its own: amounts of money, quantities,
// phone numbers and references, the names from a business's own lists, and the questions to
// which its owner has written an answer.
//
// These decide more turns of a conversation than its intents do. All of it is pure and
// deterministic: the same text gives the same entities.
package entity
