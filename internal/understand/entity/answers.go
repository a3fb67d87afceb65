package entity

// A Question is what the owner has written an answer to, in several wordings and either language.
type Question struct {
	ID        string
	Questions []string
}

// Answers finds the owner's question that a customer asks. It is immutable and safe for
// concurrent use.
type Answers struct{}

// NewAnswers prepares the owner's questions.
func NewAnswers(questions []Question) *Answers { return &Answers{} }

// Best returns the question that a text asks, how alike the two are (0 to 1), and whether that
// is enough to answer. Nearest are the ids of the two that are likest, to be offered if not.
func (a *Answers) Best(text string) (id string, score float64, sure bool, nearest []string) {
	return "", 0, false, nil
}
