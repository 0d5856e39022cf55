// Renders a chart as `helm template` does, where there is no helm: the same template engine, the same functions (sprig),
// the same values on top of one another. Knows what our chart uses, and refuses what it does not know.
//
// render CHART RELEASE NAMESPACE [VALUES]...
package main

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type values = map[string]interface{}

type files map[string]string

func (f files) Get(name string) string { return f[name] }

func (f files) Glob(pattern string) files {
	found := files{}
	for name, text := range f {
		if ok, _ := path.Match(pattern, name); ok {
			found[name] = text
		}
	}
	return found
}

type chart struct {
	Name       string `yaml:"name"`
	Version    string `yaml:"version"`
	AppVersion string `yaml:"appVersion"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(name string, into interface{}) {
	text, err := os.ReadFile(name)
	must(err)
	must(yaml.Unmarshal(text, into))
}

// merged lays one map over another; null takes a key away.
func merged(under, over values) values {
	for key, value := range over {
		below, isMap := under[key].(values)
		above, andMap := value.(values)
		switch {
		case value == nil:
			delete(under, key)
		case isMap && andMap:
			under[key] = merged(below, above)
		default:
			under[key] = value
		}
	}
	return under
}

func toYaml(value interface{}) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func fromYaml(text string) (values, error) {
	found := values{}
	return found, yaml.Unmarshal([]byte(text), &found)
}

func main() {
	folder, scope := os.Args[1], values{}
	about, given, there := chart{}, values{}, files{}
	read(filepath.Join(folder, "Chart.yaml"), &about)
	read(filepath.Join(folder, "values.yaml"), &given)
	for _, name := range os.Args[4:] {
		over := values{}
		read(name, &over)
		given = merged(given, over)
	}
	names, err := filepath.Glob(filepath.Join(folder, "*", "*"))
	must(err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		must(err)
		inside, err := filepath.Rel(folder, name)
		must(err)
		there[inside] = string(text)
	}
	scope["Values"], scope["Chart"], scope["Files"] = given, about, there
	scope["Release"] = values{"Name": os.Args[2], "Namespace": os.Args[3], "Service": "Helm"}

	root := template.New("chart")
	include := func(name string, with interface{}) (string, error) {
		var out strings.Builder
		err := root.ExecuteTemplate(&out, name, with)
		return out.String(), err
	}
	root.Funcs(sprig.TxtFuncMap()).Funcs(template.FuncMap{"include": include, "toYaml": toYaml, "fromYaml": fromYaml})
	templates := there.Glob("templates/*")
	order := make([]string, 0, len(templates))
	for name, text := range templates {
		template.Must(root.New(name).Parse(text))
		order = append(order, name)
	}
	sort.Strings(order)
	for _, name := range order {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		text, err := include(name, scope)
		must(err)
		fmt.Printf("---\n# Source: %s\n%s\n", name, text)
	}
}
