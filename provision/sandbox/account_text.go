package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// text is a string that stands in the file as a list of lines when it has more than one, so that a changed
// line of a script is a changed line of the file. Either form is read.
type text string

// MarshalJSON writes one line as a string, several as an array of strings.
func (t text) MarshalJSON() ([]byte, error) {
	if !strings.Contains(string(t), "\n") {
		return encodePlain(string(t))
	}
	return encodePlain(strings.Split(string(t), "\n"))
}

// UnmarshalJSON reads a string or an array of lines.
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

// encodePlain leaves <, > and & readable, which json.Marshal does not.
func encodePlain(v any) ([]byte, error) {
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
