package reply

import "github.com/flowhq/flowhq"

// Decide returns what the bot makes of a message.
func Decide(in Input) Turn {
	text, next, intent := Answer(in.Message, in.Knowledge.config, in.State)
	return Turn{
		Reply: text, State: next,
		Understood: Understood{
			Acts: []string{intent}, Language: flowhq.Swahili,
		},
	}
}
