package main

import (
	"context"
	"fmt"

	"leye/scripts/internal/devices"
	"leye/scripts/internal/paper"
)

// before is where the visit stands that was played first; its slip is held up in this
// one.
func (f Folder) before() Folder { return Folder(f.path("before")) }

// follow takes the slip of the visit before away from the printer, to hold it up.
func (v *Visit) follow(ctx context.Context, folder Folder, desk devices.Control) error {
	slip, err := folder.before().slip()
	if err != nil {
		return fmt.Errorf("play %s first: %w", v.Before, err)
	}
	proof := paper.Read(slip)
	if proof.Number == "" || proof.QueryCode == "" {
		return fmt.Errorf("the slip of %s has number %q and query code %q", v.Before, proof.Number, proof.QueryCode)
	}
	v.lookUp(proof)
	return desk.Tear(ctx)
}

// lookUp has the visit hold up the slip of a case.
func (v *Visit) lookUp(p paper.Proof) {
	v.Scan = "LEYE:" + p.Number + ":" + p.QueryCode
	v.Given = map[string]any{"case_no": p.Number, "code": p.QueryCode}
}

// asked is what the visit asks with.
func (v Visit) asked() paper.Proof {
	number, _ := v.Given["case_no"].(string)
	code, _ := v.Given["code"].(string)
	return paper.Proof{Number: number, QueryCode: code}
}
