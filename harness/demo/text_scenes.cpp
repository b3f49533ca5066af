#include "harness/demo/text_scenes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/text.h"
#include "harness/demo/backdrop.h"
#include "harness/demo/lettering.h"

namespace sightline::demo {
namespace {

constexpr Rgb kCream = {250, 244, 228}, kInk = {36, 36, 44};

/// Strong colours that white letters can be read on.
constexpr std::array<Rgb, 6> kStrong = {
    {{168, 44, 52}, {32, 84, 140}, {28, 110, 84}, {104, 56, 128}, {188, 92, 28}, {40, 52, 72}}};

std::vector<Point> rectangle(double left, double top, double right, double bottom) {
  return {{left, top}, {right, top}, {right, bottom}, {left, bottom}};
}

TextScene finish(std::string kind, Board& board, std::vector<TextQuestion> questions) {
  add_vignette(board.image(), 0.14);
  std::vector<Word> words = board.take_words();
  return {std::move(kind), board.take_image(), std::move(words), std::move(questions)};
}

Image plaster_wall(int width, int height, double pavement, Rgb tone, const Noise& noise) {
  return shade(width, height, [&](int x, int y) {
    const double grain = noise.fractal(x / 3.0, y / 3.0, 2) + noise.fractal(x / 80.0, y / 80.0, 3);
    if (y < pavement) return tone * (1.04 - 0.12 * y / height + 0.02 * grain);
    const double joint = std::abs(std::remainder(x - 0.6 * (y - pavement), 90.0)) < 1.2 ? 0.85 : 1;
    return Rgb{150, 148, 146} * (joint * (1.05 - 0.25 * (y - pavement) / height + 0.03 * grain));
  });
}

/// Stripes that hang down in half circles.
void draw_awning(Board& board, const Box& box, Rgb colour) {
  board.shadow(rectangle(box.x, box.y, box.x + box.w, box.y + box.h + 14), 7, 0.5);
  constexpr int kStripes = 12;
  const double step = box.w / kStripes;
  for (int i = 0; i < kStripes; ++i) {
    const Rgb face = i % 2 == 0 ? colour : kCream;
    const double left = box.x + i * step;
    board.painter().fill_ellipse({left + step / 2, box.y + box.h}, step / 2 - 0.5, 15, 0,
                                 to_colour(face * 0.86));
    board.fill(rectangle(left, box.y, left + step - 1, box.y + box.h), face, face * 0.86);
  }
}

void draw_window(Board& board, const Box& box) {
  const auto frame = rounded({box.x - 8, box.y - 8, box.w + 16, box.h + 16}, 4);
  board.shadow(frame, 3, 0.35);
  board.fill(frame, {236, 232, 222}, {208, 202, 190});
  board.fill(rounded(box, 2), {88, 128, 150}, {196, 218, 222});
  // A reflection across the glass.
  board.fill({{box.x + 0.12 * box.w, box.y + box.h},
              {box.x + 0.36 * box.w, box.y},
              {box.x + 0.52 * box.w, box.y},
              {box.x + 0.28 * box.w, box.y + box.h}},
             {124, 160, 178}, {216, 232, 234});
}

TextScene draw_shop(Rng& rng, const OpenPainter& open_painter) {
  static const std::vector<std::string> kNames = {"Maple", "Golden", "Corner",   "River",
                                                  "Sunny", "Lucky",  "Old Mill", "Blue Door"};
  static const std::vector<std::string> kTrades = {"Bakery", "Books", "Flowers",
                                                   "Coffee", "Toys",  "Market"};
  const std::string name = rng.pick(kNames), trade = rng.pick(kTrades);
  const std::string state = rng.chance(0.5) ? "OPEN" : "CLOSED";
  const Rgb colour = rng.pick(kStrong);
  static constexpr std::array<Rgb, 4> kWalls = {
      {{222, 196, 164}, {198, 208, 206}, {226, 214, 188}, {206, 176, 160}}};
  Board board(plaster_wall(640, 480, 420, rng.pick(kWalls), Noise(rng.next())), open_painter);
  draw_window(board, {60, 210, 300, 170});
  draw_window(board, {440, 200, 120, 216});
  board.painter().fill_ellipse({550, 330}, 5, 5, 0, {200, 170, 90});
  draw_awning(board, {40, 150, 560, 50}, colour);
  const auto sign = rounded({40, 40, 560, 92}, 10);
  board.shadow(sign, 5, 0.4);
  board.fill(sign, mix(colour, kWhite, 0.08), colour * 0.85);
  board.write(name + " " + trade, 320, 104, 510, {.height = 42, .colour = kCream, .weight = 0.13});
  const auto plate = rounded({456, 262, 88, 36}, 5);
  board.shadow(plate, 3, 0.4);
  board.fill(plate, kCream, {232, 222, 200});
  board.write(state, 500, 287, 74, {.height = 15, .colour = colour, .weight = 0.15});
  const std::string full = to_lower(name + " " + trade);
  return finish("Storefront", board,
                {{"What is the name of the shop?", full, {to_lower(name), to_lower(trade)}},
                 {"What does the sign on the door say?", to_lower(state), {full}}});
}

TextScene draw_street(Rng& rng, const OpenPainter& open_painter) {
  static const std::vector<std::string> kStreets = {"Elm",    "Harbor", "Station", "Orchard",
                                                    "Castle", "Willow", "Mill",    "Garden"};
  static const std::vector<std::string> kWays = {"Street", "Road", "Lane", "Avenue"};
  const std::string street = rng.pick(kStreets) + " " + rng.pick(kWays);
  const std::string limit = std::to_string(10 * rng.between(2, 6));
  const Setting setting = rng.chance(0.5) ? Setting::kMeadow : Setting::kPeaks;
  Board board(paint_backdrop(setting, rng.next(), 640, 480), open_painter);
  const auto pole = rectangle(196, 70, 210, 480);
  board.shadow(pole, 4, 0.3);
  board.fill(pole, {176, 180, 186}, {120, 124, 130});
  const auto blade = rounded({64, 96, 400, 86}, 12);
  board.shadow(blade, 6, 0.45);
  board.fill(blade, {250, 250, 250}, {226, 228, 230});
  const Rgb green = rng.chance(0.5) ? Rgb{22, 112, 72} : Rgb{26, 78, 150};
  board.fill(rounded({69, 101, 390, 76}, 9), mix(green, kWhite, 0.08), green * 0.88);
  board.write(street, 264, 156, 350, {.height = 36, .colour = {250, 250, 250}, .weight = 0.13});
  const auto post = rectangle(524, 330, 534, 480);
  board.shadow(post, 4, 0.3);
  board.fill(post, {176, 180, 186}, {120, 124, 130});
  std::vector<Point> disc = unit_outline(Shape::kCircle);
  for (Point& point : disc) point = {529 + 68 * point.x, 290 + 68 * point.y};
  board.shadow(disc, 6, 0.45);
  board.painter().fill_ellipse({529, 290}, 68, 68, 0, {246, 246, 244});
  board.painter().fill_ellipse({529, 290}, 64, 64, 0, {204, 40, 46});
  board.painter().fill_ellipse({529, 290}, 49, 49, 0, {248, 248, 246});
  board.write(limit, 529, 308, 84, {.height = 40, .colour = kInk, .weight = 0.16});
  return finish("Street sign", board,
                {{"What is the name of the street?",
                  to_lower(street),
                  {to_lower(std::string(split_at_space(street).front()))}},
                 {"What is the speed limit?", limit, {limit + " mph", limit + " km/h"}}});
}

TextScene draw_book(Rng& rng, const OpenPainter& open_painter) {
  static const std::vector<std::pair<std::string, std::string>> kTitles = {
      {"The Quiet", "Harbor"}, {"A Map of", "Stars"},  {"Seven", "Winters"},
      {"The Paper", "Moon"},   {"Letters", "to June"}, {"The Glass", "Mountain"},
      {"After the", "Rain"}};
  static const std::vector<std::string> kWriters = {"Ada Brook", "Tom Hale",   "Mira Stone",
                                                    "Leo Marsh", "Nina Frost", "Paul Rivers"};
  const auto& [first, second] = rng.pick(kTitles);
  const std::string writer = rng.pick(kWriters);
  const Rgb colour = rng.pick(kStrong);
  Board board(paint_backdrop(Setting::kTable, rng.next(), 480, 640), open_painter);
  const auto cover = rounded({76, 60, 328, 520}, 6);
  board.shadow(rounded({80, 64, 332, 524}, 6), 11, 0.6);
  board.fill(rounded({82, 66, 328, 520}, 6), {240, 234, 220}, {214, 206, 188});  // the pages
  board.fill(cover, mix(colour, kWhite, 0.12), colour * 0.8);
  board.fill(rectangle(92, 60, 95, 580), colour * 0.72, colour * 0.6);  // the fold of the spine
  board.painter().rectangle({116, 84}, {384, 556}, 2, to_colour(mix(colour, kCream, 0.75)));
  board.write(first, 250, 158, 244, {.height = 34, .colour = kCream, .weight = 0.12});
  board.write(second, 250, 214, 244, {.height = 34, .colour = kCream, .weight = 0.12});
  SceneObject emblem{.shape = rng.chance(0.5) ? Shape::kMoon : Shape::kStar, .colour = 2};
  for (const Point& point : unit_outline(emblem.shape)) {
    emblem.outline.push_back({250 + 74 * point.x, 352 + 74 * point.y});
  }
  emblem.box = box_around(emblem.outline);
  emblem.area = area_of(emblem.outline);
  draw_object(board.image(), emblem, board.opener());
  board.write(writer, 250, 524, 236, {.height = 22, .colour = kCream, .weight = 0.11});
  const std::string title = to_lower(first + " " + second);
  return finish("Book", board,
                {{"What is the title of this book?", title, {to_lower(second)}},
                 {"Who wrote this book?",
                  to_lower(writer),
                  {to_lower(std::string(split_at_space(writer).back()))}}});
}

TextScene draw_jar(Rng& rng, const OpenPainter& open_painter) {
  struct Content {
    std::string name;
    Rgb colour;
  };
  static const std::vector<Content> kContents = {{"Honey", {226, 150, 36}},
                                                 {"Cherry Jam", {150, 24, 44}},
                                                 {"Olives", {98, 116, 50}},
                                                 {"Plum Jam", {94, 38, 92}},
                                                 {"Pesto", {70, 128, 58}}};
  const Content& content = rng.pick(kContents);
  const std::string amount = std::to_string(50 * rng.between(4, 12)) + " g";
  Board board(paint_backdrop(Setting::kStudio, rng.next(), 480, 600), open_painter);
  const auto glass = rounded({110, 150, 260, 390}, 48);
  board.shadow(glass, 16, 0.5);
  board.fill(glass, mix(content.colour, kWhite, 0.30), content.colour * 0.72);
  board.fill(rounded({128, 186, 16, 320}, 8), mix(content.colour, kWhite, 0.62),
             mix(content.colour, kWhite, 0.25));  // light on the glass
  const auto lid = rounded({124, 92, 232, 66}, 12);
  board.shadow(lid, 4, 0.4);
  board.fill(lid, {236, 206, 130}, {176, 136, 62});
  board.fill(rectangle(124, 128, 356, 131), {166, 128, 58}, {150, 112, 48});
  const auto label = rounded({132, 266, 216, 190}, 10);
  board.shadow(label, 3, 0.35);
  board.fill(label, {254, 250, 238}, {238, 228, 204});
  board.painter().rectangle({142, 276}, {338, 446}, 2, to_colour(content.colour * 0.8));
  board.write("Pure & Natural", 240, 312, 170, {.height = 15, .colour = kInk});
  board.write(content.name, 240, 370, 176,
              {.height = 36, .colour = content.colour * 0.75, .weight = 0.13});
  board.write(amount, 240, 424, 150, {.height = 20, .colour = kInk});
  const std::string name = to_lower(content.name);
  return finish(
      "Jar", board,
      {{"What is in the jar?", name, {"jam", "food"}},
       {"How much does the jar contain?", amount, {std::string(split_at_space(amount).front())}}});
}

TextScene draw_poster(Rng& rng, const OpenPainter& open_painter) {
  static const std::vector<std::pair<std::string, std::string>> kEvents = {
      {"JAZZ", "NIGHT"}, {"SUMMER", "FAIR"}, {"FILM", "WEEK"}, {"CITY", "RUN"}, {"ART", "MARKET"}};
  static const std::vector<std::string> kDays = {"Monday", "Tuesday",  "Thursday",
                                                 "Friday", "Saturday", "Sunday"};
  static const std::vector<std::string> kPlaces = {"Town Hall", "Old Theater", "Main Square",
                                                   "River Park"};
  const auto& [first, second] = rng.pick(kEvents);
  const std::string day = rng.pick(kDays), place = rng.pick(kPlaces);
  const std::string time = std::to_string(rng.between(5, 9)) + " PM";
  const Setting setting = rng.chance(0.5) ? Setting::kSea : Setting::kNight;
  Board board(plaster_wall(480, 640, 641, {196, 190, 180}, Noise(rng.next())), open_painter);
  const auto sheet = rectangle(62, 44, 418, 596);
  board.shadow(sheet, 8, 0.5);
  board.fill(sheet, kCream, {240, 232, 212});
  const Image picture = paint_backdrop(setting, rng.next(), 324, 270);
  const auto darker = [&](int x, int y) { return get_pixel(picture, x - 78, y - 60) * 0.8; };
  lay_over(board.image(), shade(324, 270, [](int, int) { return kWhite; }), 78, 60, 1, darker);
  board.write(first, 240, 160, 290, {.height = 58, .colour = kCream, .weight = 0.14});
  board.write(second, 240, 244, 290, {.height = 58, .colour = kCream, .weight = 0.14});
  const Rgb colour = rng.pick(kStrong);
  board.write(day, 240, 406, 290, {.height = 40, .colour = colour, .weight = 0.14});
  board.write(time, 240, 476, 290, {.height = 36, .colour = kInk, .weight = 0.13});
  board.fill(rectangle(120, 508, 360, 511), colour, colour);
  board.write(place, 240, 560, 290, {.height = 26, .colour = kInk, .weight = 0.12});
  return finish(
      "Poster", board,
      {{"On which day does this take place?", to_lower(day), {to_lower(day + " " + time)}},
       {"What time does it start?", to_lower(time), {std::string(split_at_space(time).front())}},
       {"What is advertised?", to_lower(first + " " + second), {to_lower(second)}}});
}

void draw_wheel(Board& board, double x) {
  board.fill(rounded({x - 36, 400, 72, 48}, 10), {40, 40, 46}, {18, 18, 22});
}

TextScene draw_bus(Rng& rng, const OpenPainter& open_painter) {
  static const std::vector<std::string> kGoals = {"Harbor",  "Airport", "Zoo",
                                                  "Central", "Museum",  "Stadium"};
  const std::string number = std::to_string(rng.between(2, 98)), goal = rng.pick(kGoals);
  const Rgb colour = rng.pick(kStrong);
  Image street = paint_backdrop(Setting::kMeadow, rng.next(), 640, 480);
  const Noise noise(rng.next());
  const Image road = shade(640, 90, [&](int x, int y) {
    return Rgb{96, 98, 104} * (1 - 0.002 * y + 0.04 * noise.fractal(x / 2.5, y / 2.5, 2));
  });
  std::copy(road.pixels.begin(), road.pixels.end(), street.row(390));
  Board board(std::move(street), open_painter);
  draw_wheel(board, 190);
  draw_wheel(board, 450);
  const auto body = rounded({130, 60, 380, 360}, 26);
  board.shadow(body, 10, 0.5);
  board.fill(body, mix(colour, kWhite, 0.16), colour * 0.82);
  board.fill(rounded({152, 84, 336, 66}, 8), {24, 24, 28}, {36, 36, 42});
  const Rgb amber = {255, 190, 70};
  board.write(number + " " + goal, 320, 132, 304, {.height = 34, .colour = amber, .weight = 0.13});
  board.fill(rounded({152, 164, 336, 140}, 14), {70, 104, 124}, {180, 208, 216});
  board.fill({{200, 304}, {270, 164}, {318, 164}, {248, 304}}, {104, 138, 156}, {206, 226, 230});
  board.fill(rectangle(319, 164, 322, 304), {40, 44, 50}, {40, 44, 50});
  board.fill(rounded({130, 386, 380, 34}, 10), colour * 0.6, colour * 0.45);
  for (const double x : {186.0, 454.0}) {
    board.painter().fill_ellipse({x, 346}, 22, 22, 0, {70, 74, 82});
    board.painter().fill_ellipse({x, 346}, 18, 18, 0, {255, 244, 204});
  }
  const auto plate = rounded({262, 332, 116, 32}, 5);
  board.fill(plate, {250, 250, 246}, {224, 224, 218});
  std::string registration = {static_cast<char>('A' + rng.below(26)),
                              static_cast<char>('A' + rng.below(26)), ' '};
  registration += std::to_string(rng.between(100, 999));
  board.write(registration, 320, 356, 104, {.height = 17, .colour = kInk, .weight = 0.13});
  return finish("Bus", board,
                {{"What number is this bus?", number, {number + " " + to_lower(goal)}},
                 {"Where is the bus going?", to_lower(goal), {number + " " + to_lower(goal)}},
                 {"What is on the license plate?", to_lower(registration), {"numbers"}}});
}

}  // namespace

TextScene draw_text_scene(std::size_t index, Rng rng, const OpenPainter& open_painter) {
  using Draw = TextScene (*)(Rng&, const OpenPainter&);
  constexpr std::array<Draw, 6> kDraw = {draw_shop, draw_street, draw_book,
                                         draw_jar,  draw_poster, draw_bus};
  return kDraw[index % kDraw.size()](rng, open_painter);
}

}  // namespace sightline::demo
