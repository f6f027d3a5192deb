package main

import "runtime/debug"

// versionCmd is henge version.
type versionCmd struct{}

// Run prints what the build knows of itself.
func (versionCmd) Run(s streams, g *globals) error {
	t := table{columns: []string{"version", "commit", "go"}, rows: [][]any{{"unknown", "unknown", "unknown"}}, upright: true}
	if info, ok := debug.ReadBuildInfo(); ok {
		t.rows[0][0], t.rows[0][2] = info.Main.Version, info.GoVersion
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				t.rows[0][1] = setting.Value
			}
		}
	}
	return g.print(s, t)
}
