package uplink

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"leye/app/api"
	"leye/app/terminal/internal/policysync"
	"leye/app/terminal/internal/relay"
)

// mostPack is the largest pack that is read, in bytes: the whole catalogue has
// about one million.
const mostPack = 16 << 20

// Fetch brings a pack unless the one with this ETag is still the newest
// (GET /v1/catalogue, GET /v1/policies).
func (u *Uplink) Fetch(ctx context.Context, name policysync.Name, etag string) (policysync.Fetched, error) {
	req, err := u.packRequest(name, etag)
	if err != nil {
		return policysync.Fetched{}, &relay.Failure{Code: "request", Err: err}
	}
	resp, answer, err := u.ask(ctx, req, mostPack)
	switch {
	case err != nil:
		return policysync.Fetched{}, err
	case resp.StatusCode == http.StatusNotModified && etag != "":
		return policysync.Fetched{}, nil
	case resp.StatusCode != http.StatusOK:
		return policysync.Fetched{}, refused(resp)
	}
	var p api.Pack
	if err := json.Unmarshal(answer, &p); err != nil {
		return policysync.Fetched{}, &relay.Failure{Code: "nonsense", Err: err}
	}
	return policysync.Fetched{Fresh: true, ETag: resp.Header.Get("ETag"), Pack: p}, nil
}

func (u *Uplink) packRequest(name policysync.Name, etag string) (*http.Request, error) {
	var known *string
	if etag != "" {
		known = &etag
	}
	switch name {
	case policysync.Catalogue:
		return api.NewGetCatalogueRequest(u.base, &api.GetCatalogueParams{IfNoneMatch: known})
	case policysync.Policies:
		return api.NewGetPoliciesRequest(u.base, &api.GetPoliciesParams{IfNoneMatch: known})
	}
	return nil, fmt.Errorf("no pack %q", name)
}
