package api_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// document loads the contract and has the judge check it as a whole.
func document(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestGeneratedCodeIsCurrent(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the generator")
	}
	settings, err := os.ReadFile("cfg.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The generator prefers the output that its settings name to the flag.
	dir := t.TempDir()
	out := filepath.Join(dir, "api.gen.go")
	cfg := filepath.Join(dir, "cfg.yaml")
	moved := bytes.Replace(settings, []byte("output: api.gen.go"), []byte("output: "+out), 1)
	if err := os.WriteFile(cfg, moved, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "tool", "oapi-codegen", "-config", cfg, "openapi.yaml")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate: %v\n%s", err, said)
	}
	want, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("api.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Error("api.gen.go differs from what openapi.yaml gives: run go generate ./app/api")
	}
}

func TestDocumentIs31(t *testing.T) {
	if doc := document(t); !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("document says %s, want 3.1", doc.OpenAPI)
	}
}

// TestExamples holds every body of every operation to at least one example, and
// every example to its schema.
func TestExamples(t *testing.T) {
	doc := document(t)
	seen := 0
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			where := method + " " + path
			if op.RequestBody != nil {
				seen += checkContent(t, where+" request", op.RequestBody.Value.Content)
			}
			for status, response := range op.Responses.Map() {
				seen += checkContent(t, where+" "+status, response.Value.Content)
			}
		}
	}
	if seen < 40 {
		t.Errorf("judged %d examples, want at least 40", seen)
	}
}

func checkContent(t *testing.T, where string, content openapi3.Content) int {
	t.Helper()
	seen := 0
	for kind, media := range content {
		if len(media.Examples) == 0 {
			t.Errorf("%s %s: no example", where, kind)
		}
		for name, example := range media.Examples {
			seen++
			if err := media.Schema.Value.VisitJSON(example.Value.Value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation()); err != nil {
				t.Errorf("%s %s example %s: %v", where, kind, name, err)
			}
		}
	}
	return seen
}

// TestJudgeRefuses shows that the judge of TestExamples can say no.
func TestJudgeRefuses(t *testing.T) {
	schema := document(t).Components.Schemas["Acknowledgement"].Value
	wrong := map[string]any{
		"id": "01KQ3ZC8V5W0T6R2N9M4H7XJDA", "number": "1", "queryCode": "12345", "digest": strings.Repeat("0", 64),
		"acceptedAt": "2026-11-24T09:30:00+08:00", "due": "", "desk": "",
	}
	if err := schema.VisitJSON(wrong, openapi3.EnableJSONSchema2020()); err == nil {
		t.Error("a query code of five digits passed")
	}
	wrong["queryCode"] = "123456"
	if err := schema.VisitJSON(wrong, openapi3.EnableJSONSchema2020()); err != nil {
		t.Errorf("a right acknowledgement was refused: %v", err)
	}
}

// TestErrorsAreProblems holds every answer from 400 on to the problem document,
// with a status that matches, and every code to an example somewhere.
func TestErrorsAreProblems(t *testing.T) {
	doc := document(t)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if status < "400" {
					continue
				}
				media := response.Value.Content["application/problem+json"]
				if media == nil {
					t.Errorf("%s %s %s: no problem document", method, path, status)
					continue
				}
				for name, example := range media.Examples {
					body := example.Value.Value.(map[string]any)
					if body["type"] != "urn:leye:problem:"+body["code"].(string) {
						t.Errorf("%s %s %s %s: type %v does not end in its code", method, path, status, name, body["type"])
					}
				}
			}
		}
	}
}
