package prompt

import (
	"errors"
	"fmt"
	"strings"
)

// tokenURL is as long as the real one and contains every character at which lines were broken.
const tokenURL = "https://dash.cloudflare.com/profile/api-tokens?permissionGroupKeys=" +
	"%5B%7B%22key%22%3A%22workers_scripts%22%2C%22type%22%3A%22edit%22%7D%2C%7B%22key%22%3A%22dns%22%2C%22type%22%3A%22edit%22%7D%5D" +
	"&accountId=*&zoneId=all&name=cfproxy"

var english = Texts{
	Yes: "yes", No: "no",
	Required:     "an answer is needed",
	ChooseSome:   "choose at least one, with the space bar",
	ChooseNumber: "choose a number between {min} and {max}",
	AnswerYesNo:  "answer y or n",
	AskText:      "Answer", AskSecret: "Answer (not shown)",
	AskNumber: "Number", AskNumbers: "Numbers, separated by commas",
	FilterHint: "type to filter", NoMatch: "nothing matches",
	KeyNext: "next", KeySubmit: "continue", KeyBack: "back", KeyMove: "move", KeyToggle: "choose",
	KeySwitch: "switch", KeyClear: "show all", KeyQuit: "quit",
}

var chinese = Texts{
	Yes: "是", No: "否",
	Required:     "此项必填",
	ChooseSome:   "请用空格键至少选择一项",
	ChooseNumber: "请输入 {min} 到 {max} 之间的数字",
	AnswerYesNo:  "请回答 y（是）或 n（否）",
	AskText:      "回答", AskSecret: "回答（不显示）",
	AskNumber: "编号", AskNumbers: "编号，以逗号分隔",
	FilterHint: "输入文字以筛选", NoMatch: "没有匹配的选项",
	KeyNext: "下一项", KeySubmit: "继续", KeyBack: "上一项", KeyMove: "移动", KeyToggle: "选择",
	KeySwitch: "切换", KeyClear: "显示全部", KeyQuit: "退出",
}

// fixture has the texts of a wizard in one language.
type fixture struct {
	Texts
	note, noteHelp             string
	token, tokenHelp, badToken string
	zone, zoneHelp             string
	host, hostHelp, badHost    string
	providers, providersHelp   string
	deploy, deployHelp         string
}

var languages = map[string]fixture{
	"en": {
		Texts: english,
		note:  "cfproxy puts a relay for LLM APIs on your own domain.", noteHelp: "Nothing is changed before you have seen the plan and said yes.",
		token: "Cloudflare API token",
		tokenHelp: "Create a token with this link; the permissions are chosen already. Pick your zone, press the button at the bottom, " +
			"and copy what you are shown:\n" + tokenURL + "\nThe token stays in memory. It is not written anywhere.",
		badToken: "this is not a token: it has 40 letters and digits",
		zone:     "Which of your domains?", zoneHelp: "The relay will be a name in this domain.",
		host: "Hostname of the relay", hostHelp: "The name that your programs will call instead of api.openai.com. One level below the domain is best: the free certificate covers it.",
		badHost:   "an underscore cannot be in a hostname; did you mean gpt-api.example.com?",
		providers: "Which providers?", providersHelp: "The first one is the default.",
		deploy: "Create these three things now?", deployHelp: "cfproxy destroy removes them again.",
	},
	"zh": {
		Texts: chinese,
		note:  "cfproxy 在你自己的域名上部署一个大模型 API 中继。", noteHelp: "在你看过计划并确认之前，不会做任何改动。",
		token: "Cloudflare API 令牌",
		tokenHelp: "用下面的链接创建令牌，所需权限已经选好。选择你的域名，点击页面底部的按钮，然后复制显示的令牌：\n" +
			tokenURL + "\n令牌只保存在内存中，不会写入任何文件。",
		badToken: "这不是令牌：令牌由 40 个字母和数字组成",
		zone:     "使用哪个域名？", zoneHelp: "中继的主机名将建立在这个域名之下。",
		host: "中继的主机名", hostHelp: "你的程序将访问这个主机名，而不是 api.openai.com。最好只比域名多一级（例如 gptapi.example.com），这样免费证书就能覆盖它。",
		badHost:   "主机名不能包含下划线；是否应为 gpt-api.example.com？",
		providers: "使用哪些服务商？", providersHelp: "第一个是默认的服务商。",
		deploy: "现在创建以上三项吗？", deployHelp: "之后可以用 cfproxy destroy 全部删除。",
	},
}

func (fx fixture) notePage() []Question {
	return []Question{{Kind: Note, Title: fx.note, Help: fx.noteHelp}}
}

func (fx fixture) tokenPage() []Question {
	return []Question{{Key: "token", Kind: Password, Title: fx.token, Help: fx.tokenHelp, Validate: func(s string) error {
		if len(s) != 40 {
			return errors.New(fx.badToken)
		}
		return nil
	}}}
}

func (fx fixture) zonePage(n int) []Question {
	q := Question{Key: "zone", Kind: Select, Title: fx.zone, Help: fx.zoneHelp, Default: "id7"}
	for i := 1; i <= n; i++ {
		q.Options = append(q.Options, Option{Value: fmt.Sprintf("id%d", i), Label: fmt.Sprintf("zone-%03d.example.com", i)})
	}
	return []Question{q}
}

func (fx fixture) hostPage() []Question {
	return []Question{
		{Key: "host", Title: fx.host, Help: fx.hostHelp, Placeholder: "gptapi.example.com", Validate: func(s string) error {
			if strings.Contains(s, "_") {
				return errors.New(fx.badHost)
			}
			return nil
		}},
		{Key: "providers", Kind: MultiSelect, Title: fx.providers, Help: fx.providersHelp, Default: "openai", Options: []Option{
			{"openai", "OpenAI"}, {"anthropic", "Anthropic"}, {"deepseek", "DeepSeek 深度求索"}, {"gemini", "Google Gemini"},
		}},
	}
}

func (fx fixture) deployPage() []Question {
	return []Question{{Key: "deploy", Kind: Confirm, Title: fx.deploy, Help: fx.deployHelp, Default: No}}
}
