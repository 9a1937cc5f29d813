// Package api is the contract between terminals and a central: openapi.yaml and
// the types, client and server interface generated from it.
//
// It holds no behaviour but how a pack's version comes about, on which both sides
// must agree; what a central does with a request is not its matter.
package api

//go:generate go tool oapi-codegen -config cfg.yaml openapi.yaml

// MaxBody is the largest request body that a central takes, in bytes.
const MaxBody = 1 << 20

// ProblemType is the media type of every answer that is not a success (RFC 9457).
const ProblemType = "application/problem+json"
