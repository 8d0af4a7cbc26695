package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// text is a string that is written to the file as a list of lines if it has more than one, so that a change of a line in
// a script changes a line of the file. Both forms can be read.
type text string

// MarshalJSON implements [json.Marshaler].
func (t text) MarshalJSON() ([]byte, error) {
	if !strings.Contains(string(t), "\n") {
		return marshal(string(t))
	}
	return marshal(strings.Split(string(t), "\n"))
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		var lines []string
		if err := json.Unmarshal(data, &lines); err != nil {
			return err
		}
		*t = text(strings.Join(lines, "\n"))
		return nil
	}
	return json.Unmarshal(data, (*string)(t))
}

// marshal is json.Marshal without the escaping of <, > and &.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func newModule(name, kind string, source []byte) *module {
	m := &module{Name: name, Type: kind}
	if utf8.Valid(source) {
		m.Text = text(source)
	} else {
		m.Base64 = source
	}
	return m
}
