package api

import (
	"context"

	"github.com/flowhq/flowhq"
)

// Fleet reads how the worker processes are doing.
type Fleet interface {
	Workers(ctx context.Context) ([]flowhq.Process, error)
}

type workerList struct {
	Workers []flowhq.Process `json:"workers"`
}

// listWorkers handles GET /admin/workers.
func (a *API) listWorkers(ctx context.Context, _ nothing) (workerList, error) {
	workers, err := a.Fleet.Workers(ctx)
	return workerList{list(workers)}, err
}
