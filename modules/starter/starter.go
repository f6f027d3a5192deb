// Package starter writes the folder that a module begins with: a runner in the
// language of choice, with its kit, its cases and a script that builds and tests
// it. It imports nothing of ours.
package starter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/rogpeppe/go-internal/txtar"
)

//go:embed all:template
var templates embed.FS

// KitsFile is where modules/build.sh puts the kits, beside the engines.
const KitsFile = "kits.txtar"

// ErrNoKits is returned where the program was built without the kits.
var ErrNoKits = errors.New("this henge was built without the kits for modules: run make build")

// Languages returns those that a module can begin in.
func Languages() []string { return []string{"c", "go", "rust"} }

// Module is what the files are written for.
type Module struct {
	// Name is the module's name and the job type that it serves.
	Name string

	// Language is one of Languages.
	Language string

	// Henge is the path of the program that runs the cases, where there is none
	// on the PATH.
	Henge string
}

// Crate is the name as one of a crate, which has no dot.
func (m Module) Crate() string { return strings.ReplaceAll(m.Name, ".", "-") }

// Write makes the folder and fills it. built is what modules.FS returns. A folder
// that has something in it is an error, and stays as it is.
func (m Module) Write(dir string, built fs.FS) error {
	if !slices.Contains(Languages(), m.Language) {
		return fmt.Errorf("there is no kit for %q; there are: %s", m.Language, strings.Join(Languages(), ", "))
	}
	files, err := m.files(built)
	if err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		return fmt.Errorf("%s: the folder is there and not empty", dir)
	}
	for _, f := range files {
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return fmt.Errorf("make the folder of a module: %w", err)
		}
		mode := fs.FileMode(0o666)
		if path.Ext(f.Name) == ".sh" {
			mode = 0o777
		}
		if err := os.WriteFile(to, f.Data, mode); err != nil {
			return fmt.Errorf("write a file of the module: %w", err)
		}
	}
	return nil
}

// files returns the kit and the templates, filled in.
func (m Module) files(built fs.FS) ([]txtar.File, error) {
	text, err := fs.ReadFile(built, KitsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoKits
	}
	if err != nil {
		return nil, fmt.Errorf("read the kits: %w", err)
	}
	var files []txtar.File
	for _, f := range txtar.Parse(text).Files {
		if name, ok := strings.CutPrefix(f.Name, m.Language+"/"); ok {
			files = append(files, txtar.File{Name: "henge/" + name, Data: f.Data})
		}
	}
	for _, root := range []string{"template/all", "template/" + m.Language} {
		err := fs.WalkDir(templates, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			filled, err := m.fill(name)
			files = append(files, txtar.File{Name: fileName(strings.TrimPrefix(name, root+"/")), Data: filled})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// fileName is the name that a template's file is to have. Go would leave a file
// with a dot in front out of a folder.
func fileName(name string) string {
	name = strings.TrimSuffix(name, ".tmpl")
	if name == "gitignore" {
		return "." + name
	}
	return name
}

func (m Module) fill(name string) ([]byte, error) {
	text, err := templates.ReadFile(name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Funcs(template.FuncMap{"quoted": quoted}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, m)
	return b.Bytes(), err
}

// quoted is a text as one word of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
