# sightline_embed(ROOM PATTERN): puts the text files of a room that match PATTERN into its library, so
# that the installed program needs no folder of data. The room declares
#     struct EmbeddedFile { std::string_view name, content; };
#     std::span<const EmbeddedFile> embedded_files();
# in ROOM/embedded_files.h; the definition is written here, when CMake configures.
function(sightline_embed room pattern)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${room}/${pattern})
  # A changed file is read again.
  set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(entries "")
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    file(READ ${file} content)
    string(APPEND entries "    {\"${name}\", R\"embedded(${content})embedded\"},\n")
  endforeach()
  sightline_target_of(${room} target)
  set(generated ${PROJECT_BINARY_DIR}/generated/${target}_embedded_files.cpp)
  file(WRITE ${generated}.new "#include \"${room}/embedded_files.h\"

namespace sightline {

std::span<const EmbeddedFile> embedded_files() {
  static constexpr EmbeddedFile kFiles[] = {
${entries}  };
  return kFiles;
}

}  // namespace sightline
")
  file(COPY_FILE ${generated}.new ${generated} ONLY_IF_DIFFERENT)
  target_sources(${target} PRIVATE ${generated})
endfunction()
