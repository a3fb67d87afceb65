// Package client stands in for the client by which the Temporal server starts
// workers in a cloud. There are never any.
package client

import (
	"context"

	deploymentpb "go.temporal.io/api/deployment/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/server/common/namespace"
	"go.uber.org/fx"

	"go.temporal.io/auto-scaled-workers/wci/workflow/iface"
)

// Module provides a Client.
var Module = fx.Provide(func() Client { return none{} })

// Client is the part of the real one that the server calls.
type Client interface {
	DescribeWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion) (
		*iface.QueryDescribeWorkerControllerInstanceResponse, []byte, error)
	UpdateWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
		[]byte, string, map[string]iface.ScalingGroupSpecUpdate, []string) (
		*iface.UpdateWorkerControllerInstanceResponse, error)
	ValidateWorkerControllerInstanceSpec(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
		string, map[string]iface.ScalingGroupSpecUpdate, []string) error
	DeleteWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
		string) error
}

type none struct{}

func absent() error {
	return serviceerror.NewNotFound("this server was built without workers in a cloud")
}

func (none) DescribeWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion) (
	*iface.QueryDescribeWorkerControllerInstanceResponse, []byte, error) {
	return nil, nil, absent()
}

func (none) UpdateWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion,
	[]byte, string, map[string]iface.ScalingGroupSpecUpdate, []string) (
	*iface.UpdateWorkerControllerInstanceResponse, error) {
	return nil, absent()
}

func (none) ValidateWorkerControllerInstanceSpec(context.Context, *namespace.Namespace,
	*deploymentpb.WorkerDeploymentVersion, string, map[string]iface.ScalingGroupSpecUpdate, []string) error {
	return absent()
}

func (none) DeleteWorkerControllerInstance(context.Context, *namespace.Namespace,
	*deploymentpb.WorkerDeploymentVersion, string) error {
	return nil // there is none to delete
}
