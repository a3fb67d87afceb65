package activities

// A WorkerLoss is the details of an error of type EndWorkerLost.
type WorkerLoss struct {
	// Losses is how many workers have died in a row while they hosted the session.
	Losses int `json:"losses"`
}
