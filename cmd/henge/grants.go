package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/henge-run/henge/abi"
	"github.com/henge-run/henge/host/policy"
	"github.com/henge-run/henge/host/sandbox"
)

// grant is what the policy says of a capability that a module imports: in one
// circle, or in all but some.
type grant struct {
	Name    string   `json:"name"`
	Circle  string   `json:"circle,omitempty"`
	Granted bool     `json:"granted"`
	Reason  string   `json:"reason,omitempty"` // why not
	Except  []string `json:"except,omitempty"` // circles where it is the other way
}

type grants []grant

// grantsOf looks up the capabilities that a module imports; an empty circle
// stands for all.
func grantsOf(p *policy.Policy, module, circle string, imports []sandbox.Import) grants {
	all := grants{}
	for _, i := range imports {
		seen := slices.ContainsFunc(all, func(g grant) bool { return g.Name == i.Module })
		if seen || i.Module == abi.WASI || !i.Offered {
			continue
		}
		g := grant{Name: i.Module, Circle: circle}
		g.Reason, _ = p.Refuses(module, circle, i.Module)
		g.Granted = g.Reason == ""
		if circle == "" {
			for _, name := range p.Circles() {
				if reason, _ := p.Refuses(module, name, i.Module); (reason == "") != g.Granted {
					g.Except = append(g.Except, name)
				}
			}
		}
		all = append(all, g)
	}
	return all
}

func (g grants) String() string {
	var texts []string
	for _, one := range g {
		text := one.Name + " granted"
		if !one.Granted {
			text = fmt.Sprintf("%s not granted (%s)", one.Name, one.Reason)
		}
		if one.Except != nil {
			text += " but for " + strings.Join(one.Except, " ")
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}
