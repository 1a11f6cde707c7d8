package server

import "testing"

func TestAPostSaysOfEachFieldThatItNeedsWhetherItIsMissingNullEmptyOrOfAnotherKind(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	for body, words := range map[string]string{
		`{"from":"bot"}`:                        `the field \"text\" is missing`,
		`{"from":"bot","Text":"hi"}`:            `the field \"text\" is missing`,
		`{"from":"bot","text":null}`:            `the field \"text\" is null`,
		`{"from":"bot","text":""}`:              `the field \"text\" is empty`,
		`{"from":"bot","text":7}`:               `the field \"text\" is a string, and this one is a number`,
		`{"from":"bot","text":true}`:            `the field \"text\" is a string, and this one is true`,
		`{"from":"bot","text":["hi"]}`:          `the field \"text\" is a string, and this one is an array`,
		`{"from":"bot","text":{"a":"hi"}}`:      `the field \"text\" is a string, and this one is an object`,
		`{"text":"hi"}`:                         `the field \"from\" is missing`,
		`{"text":"hi","from":null}`:             `the field \"from\" is null`,
		`{"text":"hi","from":""}`:               `the field \"from\" is empty`,
		`{"text":"hi","from":7}`:                `the field \"from\" is a string, and this one is a number`,
		`{"text":"hi","from":"b","id":7}`:       `the field \"id\" is a string, and this one is a number`,
		`{"text":"hi","from":"b","meta":"x"}`:   `the field \"meta\" is a JSON object, and this one is a string`,
		`{"text":"hi","from":"b","target":"1"}`: `the field \"target\" is an integer from 0 to 2^53-1, and this one is a string`,
		`{"text":"hi","from":"b","since":-1}`:   `the field \"since\" is an integer from 0 to 2^53-1, and this is -1`,
		`{}`:                                    `is missing`,
		``:                                      `the body is empty`,
		" \n":                                   `the body is empty`,
		`[{"from":"bot","text":"hi"}]`:          `the body is an array`,
		`"hi"`:                                  `the body is no JSON object`,
		`null`:                                  `the body is no JSON object`,
		`text=hi`:                               `the body is no JSON object`,
	} {
		ts.post("lobby", body).refuses(t, 400, "bad_request", words)
	}
	ts.get("/api/conversations/lobby/messages").refuses(t, 404, "not_found", "")
}

func TestARequestSaysOfEachFieldThatItNeedsWhetherItIsMissingNullEmptyOrOfAnotherKind(t *testing.T) {
	t.Parallel()
	ts := serve(t)
	c, _ := ts.dial("name=ann")
	ts.read(c)
	for frame, words := range map[string]string{
		`{"conversation":"lobby"}`:                             `the field \"type\" is missing`,
		`{"type":null}`:                                        `the field \"type\" is null`,
		`{"type":""}`:                                          `the field \"type\" is empty`,
		`{"type":7}`:                                           `the field \"type\" is a string, and this one is a number`,
		`{"type":"join"}`:                                      `the field \"conversation\" is missing`,
		`{"type":"leave","conversation":null}`:                 `the field \"conversation\" is null`,
		`{"type":"history","conversation":7}`:                  `the field \"conversation\" is a string, and this one is a number`,
		`{"type":"typing","conversation":["a"]}`:               `the field \"conversation\" is a string, and this one is an array`,
		`{"type":"read","conversation":"a"}`:                   `the field \"seq\" is missing`,
		`{"type":"read","conversation":"a","seq":null}`:        `the field \"seq\" is null`,
		`{"type":"read","conversation":"a","seq":"1"}`:         `the field \"seq\" is an integer from 0 to 2^53-1, and this one is a string`,
		`{"type":"send","conversation":"a"}`:                   `the field \"text\" is missing`,
		`{"type":"send","conversation":"a","text":null}`:       `the field \"text\" is null`,
		`{"type":"send","conversation":"a","text":""}`:         `the field \"text\" is empty`,
		`{"type":"send","conversation":"a","text":[]}`:         `the field \"text\" is a string, and this one is an array`,
		`{"type":"join","conversation":"a","messages":"true"}`: `the field \"messages\" is true or false, and this one is a string`,
	} {
		if err := c.Write(t.Context(), 1, []byte(frame)); err != nil {
			t.Fatal(err)
		}
		if got := ts.read(c); !contains(got, `"code":"bad_request"`, words) {
			t.Errorf("%s: got %s, want %s", frame, got, words)
		}
	}
}
