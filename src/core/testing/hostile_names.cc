#include "core/testing/hostile_names.h"

namespace ballast {
namespace {

constexpr std::string_view kEmpty = "is empty";
constexpr std::string_view kAbsolute = "is absolute";
constexpr std::string_view kDots = "\".\" or \"..\" component";
constexpr std::string_view kEmptyComponent = "empty component";
constexpr std::string_view kBackslash = "backslash";
constexpr std::string_view kReserved = "holds one of <";
constexpr std::string_view kControl = "control byte";
constexpr std::string_view kUtf8 = "not valid UTF-8";
constexpr std::string_view kTrailing = "ends with a dot or a space";
constexpr std::string_view kDevice = "device's name";
constexpr std::string_view kLongComponent = "more than 255 bytes";
constexpr std::string_view kLongPath = "more than 1024 bytes";
constexpr std::string_view kDeep = "more than 64 levels";
constexpr std::string_view kOurs = "keeps for itself";
constexpr std::string_view kGit = "git repository";

std::string Repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

// Literals with their NULs.
template <size_t kSize>
std::string Bytes(const char (&literal)[kSize]) {
  return {literal, kSize - 1};
}

struct Names {
  std::vector<HostileName> list;

  void Add(std::string_view rule, const std::vector<std::string>& names) {
    for (const std::string& name : names) list.push_back({name, rule});
  }
};

void AddEscapes(Names& names) {
  names.Add(kEmpty, {""});
  names.Add(kAbsolute, {"/", "//", "/etc/passwd", "/etc/x", "/../x", "//host/share", "/x/..", "/proc/self/mem", "/.",
                        "/dev/null"});
  names.Add(kDots, {".",
                    "..",
                    "./x",
                    "../x",
                    "x/.",
                    "x/..",
                    "a/./b",
                    "a/../b",
                    "a/../../x",
                    "../../../../etc/passwd",
                    "./.",
                    "../..",
                    "./",
                    "../",
                    "a/../",
                    "x/../../../../root/.ssh/authorized_keys",
                    "models/../../blobs/sha256/x",
                    "a/b/c/../../../../d",
                    "refs/../../x",
                    "..//x",
                    ".//x"});
  names.Add(kEmptyComponent, {"a//b", "a/", "a//", "a/b/", "a///b", "x/y//z"});
}

void AddWindows(Names& names) {
  names.Add(kBackslash,
            {"\\", "..\\x", "a\\..\\..\\x", "\\\\host\\share", "\\\\?\\C_\\x", "\\x", "x\\", "a/..\\b", "dir\\file",
             "\\..\\..\\x", "a\\b/c", "\\\\.\\pipe\\x", "..\\..\\windows\\system32\\x", "%2e%2e\\x"});
  names.Add(kReserved, {"C:\\x",
                        "C:x",
                        "C:/x",
                        "C:",
                        "c:/windows/x",
                        "file:stream",
                        "a::$DATA",
                        "x:y/z",
                        "http://host/x",
                        "file:///x",
                        "a<b",
                        "a>b",
                        "a\"b",
                        "a|b",
                        "a?b",
                        "a*b",
                        "*",
                        "?",
                        "|rm -rf",
                        "<",
                        ">",
                        "\"",
                        "a/b?c/d",
                        "2024-01-01T00:00:00.bin"});
  names.Add(kTrailing, {"com1.",      "a.", "a..",  "a ",    "a. ",   "a .",    "...",     "....",
                        " ",          "  ", "x/a.", "a./x",  "a /x",  "x/ /y",  "x/.../y", "model.bin.",
                        "model.bin ", ". ", ".. ",  ".. /x", ". ./x", "x/.. /y"});
  names.Add(kDevice, {"con",          "CON",
                      "Con",          "prn",
                      "PRN",          "aux",
                      "AUX",          "nul",
                      "NUL",          "com0",
                      "COM1",         "com2",
                      "com3",         "com4",
                      "com5",         "com6",
                      "com7",         "com8",
                      "com9",         "lpt0",
                      "lpt1",         "LPT2",
                      "lpt3",         "lpt4",
                      "lpt5",         "lpt6",
                      "lpt7",         "lpt8",
                      "lpt9",         "conin$",
                      "CONOUT$",      "nul.txt",
                      "NUL.tar.gz",   "aux.safetensors",
                      "con/x",        "x/con",
                      "x/aux.json/y", "COM1.bin",
                      "com\u00b9",    "COM\u00b2.txt",
                      "lpt\u00b3",    "nul .txt",
                      "x/lpt9 .bin"});
}

void AddBytes(Names& names) {
  names.Add(kControl, {Bytes("\0"),
                       Bytes("a\0"),
                       Bytes("a\0b"),
                       Bytes("\0a"),
                       Bytes("a/\0/b"),
                       Bytes("config.json\0.exe"),
                       "\n",
                       "a\nb",
                       "a\n",
                       "a\rb",
                       "a\tb",
                       "\x1b[31mred",
                       "a\x1b]0;title\x07",
                       "\x01",
                       "a\x1f",
                       "\x7f",
                       "a\x7f/b",
                       "a\b\bb",
                       "a\x0b",
                       "a\x0c",
                       "ok\nFAKE LOG LINE",
                       "x/\ny"});
  names.Add(kUtf8, {"\xff", "a\xff", "\x80", "\xc0\xaf", "\xc0\xae\xc0\xae/x", "\xe0\x80\xaf", "\xc1\x81",
                    "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80",
                    "\xc3", "a\xe2\x82", "x/\xf0\x9f\x98", "\xfe\xfe", "caf\xe9", "\xc3\x28", "a\xbf/b"});
}

void AddLengths(Names& names) {
  names.Add(kLongComponent, {std::string(256, 'a'), std::string(1000, 'a'), "x/" + std::string(256, 'a'),
                             std::string(256, 'a') + "/x", Repeat("\u00e9", 128), Repeat("\U0001F600", 64)});
  names.Add(kLongPath,
            {std::string(1025, 'a'), Repeat("abcdefg/", 128) + "x", std::string(4096, 'a'), Repeat("a/", 2048),
             Repeat("a/", 10'000) + "a", Repeat("../", 1366), std::string(1 << 20, 'a'), Repeat("\u00e9", 600)});
  names.Add(kDeep, {Repeat("a/", 64) + "a", Repeat("ab/", 100) + "x", Repeat("a/", 511) + "a"});
}

void AddKept(Names& names) {
  names.Add(kOurs, {".ballast", ".BALLAST", ".Ballast", ".ballast/ready", ".ballast/files.json", "x/.ballast",
                    "x/.ballast/y"});
  names.Add(kGit,
            {".git", ".git/config", ".git/hooks/post-checkout", ".GIT/config", ".Git", "x/.git/config", "x/y/.gIt"});
}

}  // namespace

std::vector<HostileName> HostileNames() {
  Names names;
  AddEscapes(names);
  AddWindows(names);
  AddBytes(names);
  AddLengths(names);
  AddKept(names);
  return std::move(names.list);
}

std::vector<std::string> OddButFineNames() {
  return {"a",
          ".gitattributes",
          ".gitignore",
          ".gitx/config",
          ".lease",  // nothing of ours lies beside a model's files except .ballast
          ".tmp",
          ".ballastx",
          "ballast",
          ".a",
          "..a",
          "...a",
          "a..b",
          "-rf",
          "--help",
          "~",
          "~root/x",
          "$HOME/x",
          "%2e%2e%2fx",
          " leading space",
          "two  spaces",
          "na\u00efve +notes#1;&'`(){}[]!@^=,.txt",
          "con1",
          "console",
          "com",
          "com10",
          "comma",
          "lpt",
          "nullable",
          "auxiliary/x",
          "x.con",
          "lpt\u00b4",
          "\u4e2d\u6587/\u6a21\u578b.bin",
          "\U0001F600.bin",
          "\u202ereversed",
          "\u200b",
          "\ufeffbom",
          std::string(255, 'b'),
          Repeat("\u00e9", 127) + "a",
          Repeat(std::string(255, 'a') + "/", 3) + std::string(255, 'a'),
          Repeat("d/", 63) + "a"};
}

std::vector<HostileListing> HostileListings() {
  constexpr std::string_view kTwice = "is listed twice";
  constexpr std::string_view kTwins = "differ only in case or Unicode form";
  constexpr std::string_view kBoth = "is both a file and a directory";
  return {
      {{"a", "a"}, kTwice},
      {{"x/y", "a", "b", "x/y"}, kTwice},
      {{"README.md", "readme.md"}, kTwins},
      {{"a/B/c", "a/b/c"}, kTwins},
      {{"\u00c9t\u00e9", "\u00e9t\u00e9"}, kTwins},  // upper and lower case beyond ASCII
      {{"caf\u00e9", "cafe\u0301"}, kTwins},         // NFC and NFD
      {{"CAFE\u0301/x", "caf\u00e9/x"}, kTwins},     // both at once
      {{"\u212b", "\u00c5"}, kTwins},                // ANGSTROM SIGN
      {{"\u1e9b\u0323", "\u1e9b\u0323"}, kTwice},    //
      {{"a\u0323\u0307", "a\u0307\u0323"}, kTwins},  // marks in another order
      {{"stra\u00dfe", "strasse"}, kTwins},          // full case folding
      {{"\u03c3", "\u03c2"}, kTwins},                // two small sigmas
      {{"\uac00", "\u1100\u1161"}, kTwins},          // a Hangul syllable and its parts
      {{"a", "a/b"}, kBoth},
      {{"a/b/c", "a"}, kBoth},
      {{"a/b", "a.x", "a-x", "a", "a0"}, kBoth},  // what sorts between them must not hide it
      {{"A", "a/b"}, kBoth},
      {{"caf\u00e9", "cafe\u0301/x"}, kBoth},
  };
}

}  // namespace ballast
