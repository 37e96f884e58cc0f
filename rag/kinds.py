"""The kind of answer that a question wants, read off its wording, and the topic of those that ask for many papers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.answers import Kind
from rag.papers import fold_space, split_sentences
from rag.words import content_words

_PAPERS = r"(?:papers?|papres|works|studies|articles|abstracts|publications|titles|preprints|digests)"
_MANY = r"(?:papers|papres|works|studies|articles|abstracts|publications|titles|preprints|digests)"
_THINGS = (
    rf"(?:{_MANY}|methods|approaches|techniques|tricks|systems|models|experiments|ones|people|authors|groups|datasets|"
    rf"data ?sets|benchmarks)"
)
_HERE = (
    r"(?:(?:do|can) (?:you|u|we) (?:have|know|hold|search)\w*|(?:are|is) there|(?:are|is) (?:in )?here|are known|here|"
    r"in (?:here|there|this|the|your)(?: \w+)? (?:collection|library|corpus|set)|in (?:here|there)|"
    r"(?:in|of|across|from|among) (?:the|these|this|those|your) (?:papers|abstracts|works|studies|titles)|"
    r"this (?:collection|library|corpus)|(?:the|your|of) (?:collection|library|corpus))"
)

_PLURAL = re.compile(rf"\b{_MANY}\b|\bpapres\b", re.I)
_COUNT = re.compile(
    rf"\bh(?:ow|wo) many (?:(?:of|different|other|more) )*(?:(?:the|these|your|those) )?(?:\w+ )?{_PAPERS}\b|"
    rf"\b(?:total )?(?:number|count) of (?:the )?(?:\w+ )?{_PAPERS}\b|\bcount (?:up )?(?:all |the )*{_PAPERS}\b|"
    rf"\bcount the (?:\w+ ){{1,3}}{_PAPERS}\b|\bin how many {_PAPERS}\b|"
    rf"\b(?:size|how (?:big|large)) (?:is |of )?(?:the|your|this) (?:\w+ )?(?:collection|library|corpus)\b|"
    r"\bhow many (?:[\w-]+ ){0,4}(?:methods|approaches|techniques|ones)\b.{0,80}\b(?:are there|do you (?:have|"
    r"know)|are (?:in )?here)\b|"
    r"^\W*how many (?:of them )?(?:evaluate|use|work|deal|mention|report|study|rely|propose)s?\b",
    re.I,
)
_OVERVIEW = re.compile(
    r"\b(?:overview|big picture|lay of the land|landscape|main (?:themes?|topics?|directions?|areas?|threads?|"
    r"subjects?|strands?)|"
    r"recurring (?:ideas?|themes?)|broad strokes|(?:what|which) (?:themes|topics|areas|subjects|fields|directions)|"
    r"what (?:different )?(?:aspects|kinds|sorts|types) of\b.*\b(?:collection|papers|library|corpus|here)|"
    r"(?:general|overall|current) state of|what(?:'s| is| are)? (?:this|the|your) (?:collection|library|corpus)|"
    r"(?:collection|library|corpus|papers) (?:is |are )?(?:all )?about$|"
    r"what do (?:the|these) papers (?:say|have to say)|"
    r"(?:what|how) (?:does|do) (?:the|this|your|these) (?:collection|library|corpus|papers) "
    r"(?:say|have to say|cover|tell|treat|deal with)|(?:sum|summari[sz]e|summing)(?: up)?\b.*\b(?:collection|"
    r"library|corpus|work|papers|known)|"
    r"what is known)\b",
    re.I,
)
_LIST = re.compile(
    rf"\b(?:which|what|whose|list|show|find|give|name|tell|enumerate|any|all|every|some|other|"
    rf"are there)\b[^.?!]{{0,40}}?\b{_MANY}\b|"
    rf"^\W*(?:the )?(?:[\w-]+ ){{0,6}}{_MANY} (?:on|about|that|which|with|for|using|where|dealing|covering|"
    rf"claiming|from|in)\b|"
    rf"\b(?:which|what) (?:(?:\w+ ){{0,4}}{_THINGS})\b|\bwhich (?:ones|of (?:them|these|those))\b|"
    r"\b(?:list|show me|give me|name|find) (?:me )?(?:all|every|everything|the)\b|\beverything (?:on|about|you)\b|"
    r"\bwhat(?:'s|s| is| do (?:you|we) have)(?: there)?(?: in)? (?:here|on|about|for)\b|\blist (?:them|those)\b|"
    r"\bplease list\b|"
    r"\bwhat (?:should|can|could) (?:i|we) read\b|\bthings that would\b|"
    r"^\W*who(?: else)? (?:uses?|lets?|tries|"
    r"works?|freezes?|squeezes?|builds?|studies|"
    r"trains?|makes?)\b|"
    rf"\b(?:papers|works|studies) (?:here )?(?:on|about)\b|"
    # "anything on sound?" asks for all there is; where a whole idea follows, one paper is looked for.
    r"^\W*(?:(?:is|are) there |(?:do|have) (?:you|we) (?:have |got )?|got )?"
    r"(?:anything|something|stuff) (?:in here |here )?(?:on|about|regarding|covering|outside(?: of)?)\b"
    r"(?:\W+(?!(?:that|which|who|how|to|without|so|when|where|if|why)\b)\w+){1,12}\W*$|"
    r"\bwhat do (?:we|you) have (?:against|on|about|for)\b",
    re.I,
)
_COMPARE = re.compile(
    r"\bcompar\w*|\bversus\b|\bvs\b|\bdiffer\w*|\beach\b|\bboth\b|\bthe two\b|\bbetween\b|\bwhereas\b|\bwhile\b|"
    r"\bmore\b|\bless\b|\bfewer\b|\bbetter\b|\bor\b|\band\b|\bin contrast\b|\brather than\b",
    re.I,
)
_ABOUT_PAPER = re.compile(
    r"^\W*(?:(?:hey|hi|hello|ok(?:ay)?|so|please|pls|and|quick question|"
    r"unrelated|btw|by the way|now|new question|different topic|something else)\W+)*(?:"
    r"(?:can|could|would) you (?:please )?(?:tell|explain|describe|summari[sz]e|sum up|give|walk)\b|"
    r"what(?:'s|s| is| are| was)?\b|who is\b|tell (?:me|us) (?:more )?about\b|tell me\b|explain\b|describe\b|"
    r"summari[sz]e\b|summary of\b|sum up\b|tl;?dr\b|give (?:me|us)\b|i(?:'d| would) like\b|introduce\b|"
    r"how does\b|what does\b|(?:main|key|core|basic) (?:idea|point|contribution)s?\b|in short\b|about\b)",
    re.I,
)
_ABOUT_WORDS = frozenset(
    """
    summary summarise summarize sum up summed short brief briefly overview gist idea point contribution contributions
    main key core basic about tell explain describe description introduce introduction please pls paper papers work
    study method approach article abstract system model framework sentences sentence words few three two simple simply
    quick quickly general generally deal deals dealing propose proposes proposed all whole thing called named problem
    what s is are was were the a an of in on to me us you can could would give i d like know want who how does do did
    it its this that and hey hi hello ok okay so question more tldr tl dr just exactly roughly terms plain english
    work works purpose behind there be for get unrelated btw way by now new different topic else something
    """.split()
)


def kind_of(text: str, named: int, rest: str) -> Kind:
    """Return the kind of answer that a question wants.

    `named` is how many papers it names; `rest` is the question without these names.
    """
    if named == 0:
        if _COUNT.search(text):
            return "count"
        if _OVERVIEW.search(text):
            return "overview"
        if _LIST.search(text):
            return "list"
        return "fact"
    if named == 1 and _ABOUT_PAPER.search(rest) and not _says_more(rest):
        return "paper"
    return "compare" if named > 1 and _COMPARE.search(rest) else "fact"


def asks_for_papers(text: str) -> bool:
    """Return whether the question speaks of papers in the plural, and not of what one paper has several of."""
    return _PLURAL.search(text) is not None


def _says_more(rest: str) -> bool:
    """Return whether the question, its paper's name left out, asks for more than what the paper is about."""
    return any(word not in _ABOUT_WORDS for word in re.findall(r"[^\W_]+", rest.lower()))


# The frame of a question for many papers: what is left when it is taken away is the topic.
_FRAME = re.compile(
    rf"^\W*(?:(?:hey|hi|hello|please|pls|ok(?:ay)?|so|and|then|got|"
    rf"could you|can you|would you|i (?:want|need|am looking for)|"
    rf"sum up|summari[sz]e|(?:tell me )?what is known(?: here)?(?: about)?|what do (?:the|"
    rf"these) papers (?:say|find|tell)(?: us)?(?: out)?(?: overall)?(?: about)?|"
    rf"how do(?:es)? (?:the|this|your|these) (?:collection|library|corpus|papers) (?:treat|cover|deal with)|"
    rf"what are the recurring ideas (?:for|of|on)|give me|give us|show me|tell me|find me|find|list|name|show|"
    rf"enumerate|count(?: up)?|quickly|just|are there|is there)\b[\s,:;]*)*"
    rf"(?:(?:a|an|the|all|any|every|everything|some|me|us|of|out|which|what|whose|in|h(?:ow|wo) many|total|number|"
    rf"short|quick|brief|"
    rf"general|main|big|whats|what's|you have|do you have|do we have|there|is|are|other|different|these|those|your|"
    rf"overall)\s+)*"
    rf"(?:(?:overview|big picture|lay of the land|landscape|themes?|topics?|directions?|areas?|threads?|aspects|"
    rf"kinds|sorts|state|"
    rf"ideas?|picture|ones|people|authors|things|{_PAPERS[3:-1]})\b\s*)?",
    re.I,
)
_LINK = re.compile(
    rf"^(?:(?:{_HERE}|(?:is |are )?aim(?:s|ed|ing)? at|(?:worr(?:y|ies)|car(?:e|es|ing)) about|"
    r"concentrat(?:e|es|ing) on|state that|that|which|who|would|could|are|is|were|was|do|does|did|have|has|been|be|"
    r"on|about|of|in|for|with|at|from|to|against|say|says|"
    r"(?:are |is )?(?:related|relevant) to|concern(?:s|ed|ing)?(?: with)?|cover(?:s|ing)?|deal(?:s|"
    r"ing)?(?: with)?|contain(?:s|ing)?|mainly|"
    r"touch(?:es|ing)?(?: on)?|talk(?:s|ing)?(?: about)?|treat(?:s|ing)?|handl(?:e|es|ing)|work(?:s|ing)?(?: with|"
    r" on)?|stud(?:y|ies|ying)|address(?:es|ing)?|tackl(?:e|es|ing)|look(?:s|ing)? (?:at|into)|"
    r"(?:say|says) (?:something|anything)|mention(?:s|ing)?|name|anything|something|everything|specifically|there|"
    r"the|a|an|any|"
    r"discuss(?:es|ing)?|focus(?:es|ed|ing)? on|center(?:ed)? on|centred on|propos(?:e|es|ing)|present(?:s|ing)?|"
    r"offer(?:s|ing)?)\b[\s,:]*)+",
    re.I,
)
_TAIL = re.compile(
    rf"[\s,;:\-–—]*(?:\b(?:{_HERE}|sides? of(?: the| this)?|in (?:this|these|the)(?: set)?(?: of)?|please|pls|plz|"
    rf"thanks|thank you|list them|turns? up|(?:give me )?(?:the|an) (?:overview|picture)(?: is enough)?|"
    rf"(?:in )?broad strokes|which(?: papers| ones)?|{_MANY}|"
    r"(?:does|do) (?:the|this|your) (?:collection|library|corpus)(?: \w+){1,3})\b|[?.!])+\W*$",
    re.I,
)
_MENTIONS = re.compile(
    r"\b(?:mention\w*|name|phrase|word|term|title[sd]?|contain\w*|written|(?:come|turn)s? up|literally|spelled|"
    r"keyword)\b",
    re.I,
)
_ENOUGH_WORDS = 2
_POINTS = re.compile(r"\b(?:that|this|it|them|these|those|they)\b", re.I)
_IN_TITLE = re.compile(r"\btitles?\b", re.I)


@dataclass(frozen=True, slots=True)
class Topic:
    """What the papers of a list have in common.

    `text`: in the question's words; empty where the question is about the library as a whole. `literal`: whether the
    words themselves must stand in a paper, and not only what they mean; `in_title`: whether in its title.
    """

    text: str
    literal: bool
    in_title: bool


def topic_of(question: str) -> Topic:
    """Return the topic of a question that asks for many papers."""
    text = fold_space(question)
    literal = _MENTIONS.search(text) is not None
    return Topic(_topic_in(text), literal, literal and _IN_TITLE.search(text) is not None)


def _topic_in(text: str) -> str:
    """Return what the papers have in common: of several sentences by the one that asks for papers, if it says it."""
    sentences = split_sentences(text)
    asking = [each for each in sentences if any(kind.search(each) for kind in (_COUNT, _OVERVIEW, _LIST))]
    topics = [_without_frame(each) for each in asking] if len(sentences) > 1 else []
    return next((topic for topic in topics if _says_enough(topic)), _without_frame(text))


def _says_enough(topic: str) -> bool:
    """Return whether a topic speaks for itself: "forgetting after fine-tuning", not "take that on"."""
    return len(content_words(topic)) >= _ENOUGH_WORDS and _POINTS.search(topic) is None


def _without_frame(text: str) -> str:
    rest = _FRAME.sub("", text, count=1)
    rest = _LINK.sub("", rest, count=1)
    while (shorter := _TAIL.sub("", rest)) != rest:
        rest = shorter
    return rest.strip(" ,.?!:;-")
