// Package assistant asks a language model what a customer means whom the bot did not understand.
// It is optional and off by default.
//
// It speaks to any endpoint that has the form of Anthropic's Messages API or of OpenAI's chat
// completions. Each call has a deadline, its answer a bound, and a process makes few at once.
// Nothing waits: when no call may begin, the bot's own answer stands.
//
// What the model says is data of a stranger. This package reads its form only; package reply
// decides what of it is followed. docs/assistant.md says what leaves the machine.
package assistant
